package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting a server by flags, environment and file; and what becomes of one whose process is told to end, or is killed. */
class ServeCommandTest {
    @TempDir
    private Path folder;

    private Shell shell() {
        return new Shell(folder);
    }

    private String file(String... lines) throws IOException {
        return Files.write(folder.resolve("serve.properties"), List.of(lines)).toString();
    }

    private static void assertServes(Shell.Result result) {
        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.err()).contains("all is in order");
    }

    private static void assertRefused(String sentence, Shell.Result result) {
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).startsWith("demotic: ").contains(sentence).hasLineCount(1);
    }

    @Test
    void theCommandLineGoesBeforeTheEnvironmentAndThatBeforeTheFile() throws IOException {
        String file = file("port=99999", "context=256", "parallel=1", "check=true");
        String wrong = "--port must be at most 65535";
        assertRefused(wrong, shell().run("serve", "--config", file));
        assertRefused(wrong, shell().with("DEMOTIC_CONFIG", file).run("serve"));
        assertRefused(wrong, shell().with("DEMOTIC_PORT", "99999").run("serve", "--config", file("port=0")));
        Shell shell = shell().with("DEMOTIC_PORT", "99999").with("DEMOTIC_MODELS", ServerProcess.SMALL);
        assertServes(shell.run("serve", "--config", file("port=99998", "context=256", "check=true"), "--port", "0"));
    }

    @Test
    void theFileNamesModelsAndSecrets() throws IOException {
        String file = file("models=one=%s, two=%1$s".formatted(ServerProcess.SMALL), "port=0", "context=256");
        Shell.Result result = shell().with("DEMOTIC_API_KEY", "sesame")
                .run("serve", "--config", file, "--check", "--log-format", "json", "--parallel", "1");
        assertServes(result);
        assertThat(result.err()).contains("serving 2 models", "\"status\":200").doesNotContain("sesame");
    }

    @Test
    void whatIsWrongIsToldInOneSentence() throws IOException {
        assertRefused("'colour', which is no option", shell().run("serve", "--config", file("colour=red")));
        assertRefused("there is no file", shell().run("serve", "--config", "absent.properties"));
        assertRefused("there is no file", shell().run("serve", "absent.gguf"));
        assertRefused("HTTPS needs both", shell().run("serve", "--tls-cert", "cert.pem"));
        assertRefused("draft", shell().run("serve", "--method", "draft", ServerProcess.SMALL));
        assertRefused("--port must be at most 65535 and not negative", shell().run("serve", "--port", "-1"));
        assertRefused("--api-key is blank", shell().run("serve", "--api-key", ""));
        assertRefused("is no file of Java properties", shell().run("serve", "--config", file("models=C:\\users")));
        assertRefused(
                "both with and without --model",
                shell().run("serve", "x=" + ServerProcess.SMALL, "--model", ServerProcess.SMALL));
        assertThat(shell().with("DEMOTIC_MAX_BODY", "much").run("serve").status())
                .isEqualTo(2);
    }

    @Test
    void theCommandLinesModelGoesBeforeTheEnvironments() {
        Shell.Result result = shell().with("DEMOTIC_MODELS", "absent.gguf")
                .run("serve", "--model", ServerProcess.SMALL, "--port", "0", "--context", "256", "--check");
        assertServes(result);
    }

    /** The certificate is for another host, and nobody vouches for it: all that counts is that it is the server's own. */
    @Test
    void aServerOfHttpsIsAskedToo() throws Exception {
        List<String> files = certificate("elsewhere.example");
        Shell.Result result = shell().run(
                        "serve",
                        "--tls-cert",
                        files.getFirst(),
                        "--tls-key",
                        files.getLast(),
                        "--port",
                        "0",
                        "--context",
                        "256",
                        "--check");
        assertServes(result);
        assertThat(result.err()).contains("https://", "POST /v1/completions");
    }

    /** A new certificate and its key, in files. */
    private List<String> certificate(String host) throws Exception {
        Path store = folder.resolve("store.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        String options = "-genkeypair -keyalg EC -alias a -storepass secret -dname CN=" + host + " -keystore " + store;
        List<String> command = new ArrayList<>(List.of(keytool));
        command.addAll(List.of(options.split(" ")));
        assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
        return List.of(
                pem("CERTIFICATE", keys.getCertificate("a").getEncoded()),
                pem("PRIVATE KEY", keys.getKey("a", "secret".toCharArray()).getEncoded()));
    }

    private String pem(String kind, byte[] content) throws IOException {
        String text = "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(content)
                + "\n-----END " + kind + "-----\n";
        return Files.writeString(folder.resolve(kind.charAt(0) + ".pem"), text).toString();
    }

    @Test
    void killedInTheMiddleOfAReplyItStartsAgainAtOnce() throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            int port;
            String whole;
            try (ServerProcess server = ServerProcess.start(0)) {
                port = server.port();
                whole = server.reply(http, 20);
                HttpResponse<Stream<String>> reply =
                        http.send(server.stream(1900), HttpResponse.BodyHandlers.ofLines());
                Iterator<String> lines = reply.body().iterator();
                lines.next();
                server.kill();
                assertThatThrownBy(() -> lines.forEachRemaining(_ -> {})).isInstanceOf(UncheckedIOException.class);
            }
            try (ServerProcess again = ServerProcess.start(port)) {
                assertThat(again.port()).isEqualTo(port);
                assertThat(texts(again.reply(http, 20))).isEqualTo(texts(whole)).contains("\"text\"");
            }
        }
    }

    /** Without what differs from reply to reply. */
    private static String texts(String stream) {
        return stream.replaceAll("\"(id|created)\":[^,]+,|\"timings\":\\{[^}]*}", "");
    }

    @Test
    void toldToEndItEndsWhenItsRepliesDo() throws Exception {
        try (ServerProcess server = ServerProcess.start(0);
                HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<Stream<String>> reply = http.send(server.stream(200), HttpResponse.BodyHandlers.ofLines());
            Iterator<String> lines = reply.body().iterator();
            lines.next();
            server.terminate();
            String last = "";
            while (lines.hasNext()) {
                String line = lines.next();
                last = line.isEmpty() ? last : line;
            }
            assertThat(last).isEqualTo("data: [DONE]");
            assertThat(server.await()).isEqualTo(143);
            assertThat(server.log()).contains("POST /v1/completions", "status=200", "INFO stopped\n");
        }
    }

    @Test
    void whatItDoesNotWaitForIsInTheLog() throws Exception {
        try (ServerProcess server = ServerProcess.start(0, "--shutdown-timeout", "0");
                HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<Stream<String>> reply = http.send(server.stream(1900), HttpResponse.BodyHandlers.ofLines());
            Iterator<String> lines = reply.body().iterator();
            lines.next();
            server.terminate();
            lines.forEachRemaining(_ -> {});
            assertThat(server.await()).isEqualTo(143);
            assertThat(server.log())
                    .contains("stopping replies that are not done", "POST /v1/completions", "INFO stopped\n");
        }
    }
}
