package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting, guarding and ending a server. */
class ServerTest {
    private static final String CHAT = "/v1/chat/completions";

    private static HttpRequest.Builder chat(Api api, String fields) {
        return api.request(CHAT).POST(HttpRequest.BodyPublishers.ofString(Api.chat("Hello", fields)));
    }

    @Test
    void theKeyOpensAllButHealthAndPage() throws Exception {
        try (Api api = new Api(new Api.Options().apiKey("sesame").build())) {
            for (String path : List.of("/v1/models", "/api/methods", "/metrics", "/v1/models/small")) {
                assertThat(api.get(path).status()).as(path).isEqualTo(401);
            }
            assertThat(api.get("/health").status()).isEqualTo(200);
            Api.Answer refused = api.send(
                    chat(api, "").header("Authorization", "Bearer wrong").build());
            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.json().at("/error/code").asString()).isEqualTo("invalid_api_key");
            assertThat(api.send(chat(api, ", \"max_tokens\": 1")
                                    .header("Authorization", "Bearer sesame")
                                    .build())
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void pagesOfOtherOriginsMayCallIfAllowed() throws Exception {
        try (Api api = new Api(new Api.Options().origins("https://good.example").build())) {
            Api.Answer good = api.send(api.request("/v1/models")
                    .header("Origin", "https://good.example")
                    .build());
            assertThat(good.header("access-control-allow-origin")).isEqualTo("https://good.example");
            Api.Answer asked = api.send(api.request(CHAT)
                    .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                    .header("Origin", "https://good.example")
                    .header("Access-Control-Request-Headers", "authorization, content-type")
                    .build());
            assertThat(asked.status()).isEqualTo(204);
            assertThat(asked.header("access-control-allow-headers")).isEqualTo("authorization, content-type");
            assertThat(api.send(chat(api, "")
                                    .header("Origin", "https://evil.example")
                                    .build())
                            .status())
                    .isEqualTo(403);
            String own = api.uri().toString().replaceFirst("/$", "");
            assertThat(api.send(api.request("/v1/models").header("Origin", own).build())
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void anEndingServerLetsRepliesEndAndRefusesOthers() throws Exception {
        String text = "a word and another ".repeat(8);
        CountDownLatch gate = new CountDownLatch(1);
        try (Api api = new Api(
                new Api.Options().build(),
                8,
                model -> new ServedModel(Api.MODEL, model, new Saying(model.tokenizer(), text, gate::await)))) {
            CompletableFuture<HttpResponse<String>> running =
                    api.http().sendAsync(chat(api, "").build(), BodyHandlers.ofString());
            api.awaitBusy();
            Thread ending = Thread.startVirtualThread(api.server::close);
            while (api.get("/health").status() == 200) {
                Thread.sleep(5);
            }
            Api.Answer refused = api.send(chat(api, "").build());
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.error()).contains("stopping");
            gate.countDown();
            assertThat(running.join().statusCode()).isEqualTo(200);
            assertThat(running.join().body()).contains(text.strip());
            ending.join();
            api.awaitIdle();
        }
    }

    @Test
    void whatTakesTooLongIsToldSo() throws Exception {
        try (Api api = Api.saying(
                new Api.Options().shutdownTimeout(Duration.ofMillis(50)).build(), "word ".repeat(300), 20)) {
            CompletableFuture<HttpResponse<String>> whole =
                    api.http().sendAsync(chat(api, "").build(), BodyHandlers.ofString());
            CompletableFuture<HttpResponse<String>> streamed =
                    api.http().sendAsync(chat(api, ", \"stream\": true").build(), BodyHandlers.ofString());
            while (api.model.kvUse().reserved() < 2 * api.model.kvBlocks(1, 512)) {
                Thread.sleep(5);
            }
            api.server.close();
            assertThat(whole.join().statusCode()).isEqualTo(503);
            assertThat(streamed.join().body())
                    .contains("the server stopped before the reply was complete")
                    .doesNotContain("[DONE]");
            api.awaitIdle();
        }
    }

    @Test
    void aTakenPortIsToldInOneSentence() {
        try (Api api = new Api()) {
            ServerOptions usual = new Api.Options().build();
            ServerOptions same = new ServerOptions(
                    usual.host(),
                    api.server.port(),
                    usual.apiKey(),
                    usual.corsOrigins(),
                    1,
                    1,
                    1,
                    usual.ioTimeout(),
                    usual.shutdownTimeout(),
                    usual.tls(),
                    false);
            ServedModel model = new ServedModel("m", api.model, Optional.empty(), MethodCall.parse("plain"));
            assertThatThrownBy(() -> Server.start(same, List.of(model)).close())
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("cannot be listened on")
                    .hasMessageContaining("--port");
            assertThatThrownBy(() -> Server.start(usual, List.of(model, model)).close())
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("two models are called m");
        }
    }

    @Test
    void speaksTls(@TempDir Path folder) throws Exception {
        Path store = folder.resolve("store.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process made = new ProcessBuilder(
                        keytool,
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        "a",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=ip:127.0.0.1",
                        "-storepass",
                        "secret",
                        "-keystore",
                        store.toString())
                .start();
        assertThat(made.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
        Path certificate = pem(folder, "CERTIFICATE", keys.getCertificate("a").getEncoded());
        Path key = pem(
                folder, "PRIVATE KEY", keys.getKey("a", "secret".toCharArray()).getEncoded());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("a", keys.getCertificate("a"));
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);

        try (Api api = new Api(new Api.Options()
                        .tls(new ServerOptions.Tls(certificate, key))
                        .build());
                HttpClient client = HttpClient.newBuilder().sslContext(context).build()) {
            assertThat(api.uri().getScheme()).isEqualTo("https");
            for (int i = 0; i < 2; i++) {
                HttpResponse<String> answer = client.send(
                        chat(api, ", \"max_tokens\": 2, \"stream\": true").build(), BodyHandlers.ofString());
                assertThat(answer.body()).endsWith("data: [DONE]\n\n");
            }
        }
        try (Api other = new Api()) {
            ServedModel model = new ServedModel("m", other.model, Optional.empty(), MethodCall.parse("plain"));
            ServerOptions wrong =
                    new Api.Options().tls(new ServerOptions.Tls(key, key)).build();
            assertThatThrownBy(() -> Server.start(wrong, List.of(model)).close())
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("PEM");
        }
    }

    private static Path pem(Path folder, String kind, byte[] content) throws Exception {
        String text = "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(content)
                + "\n-----END " + kind + "-----\n";
        return Files.writeString(folder.resolve(kind.charAt(0) + ".pem"), text);
    }

    @Test
    void theLogHoldsPromptsOnlyIfAskedTo() throws Exception {
        for (boolean prompts : new boolean[] {false, true}) {
            ByteArrayOutputStream log = new ByteArrayOutputStream();
            LogFormat.JSON.install(new PrintStream(log, true, StandardCharsets.UTF_8));
            Api.Options options = prompts ? new Api.Options().logPrompts() : new Api.Options();
            try (Api api = Api.saying(options.build(), "Indigo.", 0)) {
                assertThat(api.post(CHAT, Api.chat("Turquoise?", "")).status()).isEqualTo(200);
            } finally {
                LogFormat.TEXT.install(System.err);
            }
            String line = log.toString(StandardCharsets.UTF_8)
                    .lines()
                    .filter(each -> each.contains("\"status\""))
                    .findFirst()
                    .orElseThrow();
            assertThat(line)
                    .contains("\"request\":\"POST /v1/chat/completions\"", "\"status\":200", "\"model\":\"small\"");
            assertThat(line.contains("Turquoise")).isEqualTo(prompts);
            assertThat(line.contains("Indigo")).isEqualTo(prompts);
        }
    }

    @Test
    void theLogForPeopleIsOneLine() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LogFormat.TEXT.install(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            System.getLogger("test")
                    .log(
                            System.Logger.Level.INFO,
                            "{0}",
                            new LogFields(Json.object().with("request", "GET /").with("status", 200)));
        } finally {
            LogFormat.TEXT.install(System.err);
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).matches("\\S+ \\S+ INFO request=\"GET /\" status=200\n");
    }

    @Test
    void itsAddressIsOneToOpen() {
        try (Api api = new Api()) {
            assertThat(api.uri()).isEqualTo(URI.create("http://127.0.0.1:" + api.server.port() + "/"));
        }
    }
}
