package dev.demotic.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a server is run.
 *
 * @param host address to listen on
 * @param port to listen on; 0 for any that is free
 * @param apiKey that requests must show, if there is one
 * @param corsOrigins origins whose pages may call; {@code *} for all
 * @param maxRunning replies of a model that are generated at once
 * @param maxWaiting requests for a model that may wait for their turn
 * @param maxBodyBytes longest request
 * @param ioTimeout longest silence of a client in the middle of a request or a response
 * @param shutdownTimeout how long replies may take to end when the server does
 * @param tls certificate and key for HTTPS, if that is wanted
 * @param logPrompts whether the log holds what clients ask and are answered
 */
public record ServerOptions(
        String host,
        int port,
        Optional<String> apiKey,
        List<String> corsOrigins,
        int maxRunning,
        int maxWaiting,
        long maxBodyBytes,
        Duration ioTimeout,
        Duration shutdownTimeout,
        Optional<Tls> tls,
        boolean logPrompts) {

    /**
     * Files in PEM form.
     *
     * @param certificates the server's certificate, then those that vouch for it
     * @param key its private key
     */
    public record Tls(Path certificates, Path key) {}

    public ServerOptions {
        corsOrigins = List.copyOf(corsOrigins);
    }

    /** Any free port of this machine alone, and no request refused because others wait: to see what load does. */
    public static ServerOptions forLoad(Optional<String> apiKey) {
        return new ServerOptions(
                "127.0.0.1",
                0,
                apiKey,
                List.of(),
                64,
                Integer.MAX_VALUE,
                16 << 20,
                Duration.ofMinutes(10),
                Duration.ZERO,
                Optional.empty(),
                false);
    }

    /** Port 8080 of this machine alone, without a key. */
    public static ServerOptions defaults() {
        return new ServerOptions(
                "127.0.0.1",
                8080,
                Optional.empty(),
                List.of(),
                64,
                256,
                16 << 20,
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Optional.empty(),
                false);
    }
}
