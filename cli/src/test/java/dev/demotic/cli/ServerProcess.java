package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code demotic serve} in a process of its own, as users run it. */
final class ServerProcess implements AutoCloseable {
    static final String SMALL = Path.of("../models/src/main/resources/dev/demotic/models/demotic-small-q8_0.gguf")
            .toAbsolutePath()
            .toString();

    private static final Pattern ADDRESS = Pattern.compile("serving .* at (http\\S+)");

    private final Process process;
    private final URI uri;
    private final CompletableFuture<String> log;

    private ServerProcess(Process process, URI uri, CompletableFuture<String> log) {
        this.process = process;
        this.uri = uri;
        this.log = log;
    }

    /** The class path of this test. */
    static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Serves the small model on a port, 0 for any; returns when it does. */
    static ServerProcess start(int port, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath(),
                "dev.demotic.cli.Demotic",
                "serve",
                "--port",
                String.valueOf(port),
                "--context",
                "2048",
                SMALL));
        command.addAll(List.of(options));
        return start(command);
    }

    /** Runs a command that serves. */
    static ServerProcess start(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).start();
        List<String> said = new ArrayList<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(process.getErrorStream(), UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            said.add(line);
            Matcher address = ADDRESS.matcher(line);
            if (address.find()) {
                CompletableFuture<String> log =
                        CompletableFuture.supplyAsync(() -> rest(lines), Executors.newVirtualThreadPerTaskExecutor());
                return new ServerProcess(process, URI.create(address.group(1)), log);
            }
        }
        throw new IOException("the server ended: " + String.join("\n", said));
    }

    /** Read as it comes: a process waits when nobody reads what it says. */
    private static String rest(BufferedReader lines) {
        StringBuilder rest = new StringBuilder();
        try {
            lines.lines().forEach(line -> rest.append(line).append('\n'));
        } catch (UncheckedIOException killed) {
            // it says nothing more
        }
        return rest.toString();
    }

    /** What it said since it served, once it has ended. */
    String log() {
        return log.join();
    }

    int port() {
        return uri.getPort();
    }

    /** As {@code kill} does; {@link Process#destroy} would close what it logs to, too. */
    void terminate() {
        boolean _ = process.toHandle().destroy();
    }

    /** As {@code kill -9} does. */
    void kill() {
        Process _ = process.destroyForcibly().onExit().join();
    }

    int await() throws InterruptedException {
        if (!process.waitFor(300, TimeUnit.SECONDS)) {
            throw new AssertionError("the server does not end");
        }
        return process.exitValue();
    }

    /** Asks for a streamed reply of so many tokens. */
    HttpRequest stream(int tokens) {
        return HttpRequest.newBuilder(uri.resolve("/v1/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"prompt\": \"Once\", \"seed\": 1, \"ignore_eos\": true, \"stream\": true, \"max_tokens\": "
                                + tokens + "}"))
                .build();
    }

    /** A whole reply. */
    String reply(HttpClient http, int tokens) throws IOException, InterruptedException {
        return http.send(stream(tokens), HttpResponse.BodyHandlers.ofString()).body();
    }

    @Override
    public void close() {
        kill();
    }
}
