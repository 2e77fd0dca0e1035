package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What many clients at once may not change, and what they may not use up. */
class LoadTest {
    /** How long the endurance test runs; {@code -Ddemotic.soak=600} gives it the ten minutes of a release. */
    private static final Duration SOAK = Duration.ofSeconds(Integer.getInteger("demotic.soak", 8));

    private static final int IDLE = 1000;
    private static final int ACTIVE = 64;

    private static HttpRequest request(Api api, String body) {
        return api.request("/v1/chat/completions")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static String content(String answer) {
        return Api.parsed(answer).at("/choices/0/message/content").asString();
    }

    /** A draft model is there, and several methods are in use, so that steps are as mixed as they can be. */
    @Test
    void aSeedGivesTheSameTokensWhateverElseRuns() throws Exception {
        try (LanguageModel draft = LanguageModel.open(
                        Api.SMALL, ModelOptions.defaults().withContext(512).withSequences(8));
                Api api = new Api(
                        new Api.Options().limits(24, 200).build(),
                        8,
                        model -> new ServedModel(
                                Api.MODEL,
                                model,
                                Optional.of(new ServedModel.Draft("draft", draft)),
                                MethodCall.parse("auto")))) {
            List<String> methods = List.of("plain", "suffix", "auto", "draft");
            List<String> bodies = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                bodies.add(Api.chat(
                        "Write a Java method number " + i % 7,
                        ", \"max_tokens\": %d, \"temperature\": 0.8, \"seed\": %d, \"method\": \"%s\""
                                .formatted(8 + i % 17, i, methods.get(i % methods.size()))));
            }
            List<String> alone = new ArrayList<>();
            for (String body : bodies) {
                alone.add(content(api.send(request(api, body)).body()));
            }
            List<CompletableFuture<String>> together = bodies.stream()
                    .map(body -> api.http()
                            .sendAsync(request(api, body), HttpResponse.BodyHandlers.ofString())
                            .thenApply(response -> content(response.body())))
                    .toList();
            for (int i = 0; i < bodies.size(); i++) {
                assertThat(together.get(i).join()).as(bodies.get(i)).isEqualTo(alone.get(i));
            }
            assertThat(alone.stream().distinct().count()).isGreaterThan(50);
            api.awaitIdle();
        }
    }

    @Test
    void theNextTurnOfAChatComputesOnlyWhatIsNew() throws Exception {
        try (LanguageModel model = LanguageModel.open(
                        Api.SMALL, ModelOptions.defaults().withContext(2048).withSequences(2));
                Server server = Server.start(
                        new Api.Options().build(),
                        List.of(new ServedModel(Api.MODEL, model, Optional.empty(), MethodCall.parse("plain"))));
                Client client = new Client(server)) {
            String history = "The quick brown fox jumps over the lazy dog. ".repeat(150);
            String reply = content(client.chat(message("user", history), ""));
            String second = String.join(
                    ", ", message("user", history), message("assistant", reply), message("user", "And then?"));
            long rows = model.statistics().rows();
            String cached = client.chat(second, "");
            long cachedRows = model.statistics().rows() - rows;
            rows = model.statistics().rows();
            String anew = client.chat(second, ", \"cache_prompt\": false");
            long allRows = model.statistics().rows() - rows;
            assertThat(content(cached)).isEqualTo(content(anew));
            JsonNode usage = Api.parsed(cached).at("/usage");
            int prompt = usage.at("/prompt_tokens").asInt();
            assertThat(prompt).isGreaterThan(1500);
            assertThat(usage.at("/prompt_tokens_details/cached_tokens").asInt()).isGreaterThan(prompt - 64);
            assertThat(allRows).isGreaterThan(8 * cachedRows);
        }
    }

    private static String message(String role, String content) {
        return "{\"role\": \"%s\", \"content\": %s}".formatted(role, Json.text(content));
    }

    /** Asks one server for short chats. */
    private record Client(Server server, java.net.http.HttpClient http) implements AutoCloseable {
        Client(Server server) {
            this(
                    server,
                    java.net.http.HttpClient.newBuilder()
                            .version(java.net.http.HttpClient.Version.HTTP_1_1)
                            .build());
        }

        String chat(String messages, String fields) throws Exception {
            String body = "{\"messages\": [" + messages + "], \"max_tokens\": 8, \"temperature\": 0" + fields + "}";
            return http.send(
                            HttpRequest.newBuilder(server.uri().resolve("/v1/chat/completions"))
                                    .POST(HttpRequest.BodyPublishers.ofString(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }

        @Override
        public void close() {
            http.close();
        }
    }

    @Test
    void aModelFileThatDisappearsIsNotMissed(@TempDir Path folder) throws Exception {
        Path file = Files.copy(Api.SMALL, folder.resolve("gone.gguf"));
        try (LanguageModel model =
                        LanguageModel.open(file, ModelOptions.defaults().withContext(128));
                Server server = Server.start(
                        new Api.Options().build(),
                        List.of(new ServedModel("gone", model, Optional.empty(), MethodCall.parse("plain"))));
                Client client = new Client(server)) {
            Files.delete(file);
            assertThat(content(client.chat(message("user", "Hello"), ""))).isNotEmpty();
        }
    }

    /** Streams that were begun and are not read to their end until the last, beside clients that come and go. */
    @Test
    void manyIdleStreamsAndSomeActiveOnesTakeNoMoreAndMoreMemory() throws Exception {
        try (Api api = Api.saying(new Api.Options().limits(ACTIVE, 2000).build(), "word ".repeat(20), 0)) {
            List<Socket> idle = new ArrayList<>();
            AtomicInteger replies = new AtomicInteger();
            AtomicInteger lost = new AtomicInteger();
            AtomicBoolean ended = new AtomicBoolean();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < IDLE; i++) {
                    Socket socket = new Socket(api.uri().getHost(), api.uri().getPort());
                    idle.add(socket);
                    askForStream(socket);
                }
                List<Future<?>> active = new ArrayList<>();
                for (int i = 0; i < ACTIVE; i++) {
                    active.add(threads.submit(() -> {
                        while (!ended.get()) {
                            Api.Answer answer =
                                    api.send(request(api, Api.chat("Hello", ", \"stream\": true, \"max_tokens\": 8")));
                            (answer.status() == 200 && answer.events().getLast().equals("[DONE]") ? replies : lost)
                                    .incrementAndGet();
                        }
                        return null;
                    }));
                }
                Thread.sleep(SOAK.dividedBy(4));
                long early = heapInUse();
                Thread.sleep(SOAK.dividedBy(4).multipliedBy(3));
                long late = heapInUse();
                ended.set(true);
                for (Future<?> each : active) {
                    each.get();
                }
                assertThat(late).isLessThan(early + (16 << 20));
            }
            assertThat(lost).hasValue(0);
            assertThat(replies).hasPositiveValue();
            for (Socket socket : idle) {
                try (socket) {
                    assertThat(hasEnded(socket)).isTrue();
                }
            }
            api.awaitIdle();
        }
    }

    private static void askForStream(Socket socket) throws Exception {
        String body = Api.chat("Hello", ", \"stream\": true, \"max_tokens\": 4");
        socket.setSoTimeout(60_000);
        socket.getOutputStream()
                .write(
                        ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                                        + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.UTF_8));
    }

    private static boolean hasEnded(Socket socket) throws Exception {
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        return reader.lines().anyMatch(line -> line.contains("[DONE]"));
    }

    /** Of this process, garbage left out. */
    private static long heapInUse() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
