package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Sequence;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What many clients at once may not change, and what they may not use up. */
class LoadTest {
    /** How long the endurance test runs; {@code -Ddemotic.soak=600} gives it the ten minutes of a release. */
    private static final Duration SOAK = Duration.ofSeconds(Integer.getInteger("demotic.soak", 8));

    /** What the second turn is measured with: {@code -Ddemotic.model=FILE} takes another model. */
    private static final Path MODEL_FILE = Path.of(System.getProperty("demotic.model", Api.SMALL.toString()));

    private static final String HISTORY = "The quick brown fox jumps over the lazy dog. ".repeat(150);

    private static final int IDLE = 1000;
    private static final int ACTIVE = 64;
    /** Memory is looked at after each; what the first quarter of them takes is what it shall stay at. */
    private static final int STAGES = 8;

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

    /** The KV cache has room for both to begin, but not for both to end. */
    @Test
    void whoGivesWayForOthersLosesNothing() throws Exception {
        Meeting meeting = new Meeting();
        try (Api api = longContext(1024, 1, meeting)) {
            int each = 560;
            List<String> bodies = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                bodies.add(Api.chat(
                        "Write a Java method number " + i,
                        ", \"max_tokens\": %d, \"ignore_eos\": true, \"seed\": %d".formatted(each, i)));
            }
            List<String> alone = new ArrayList<>();
            for (String body : bodies) {
                alone.add(content(api.send(request(api, body)).body()));
            }
            meeting.all = new CyclicBarrier(2);
            List<CompletableFuture<String>> together = bodies.stream()
                    .map(body -> api.http()
                            .sendAsync(request(api, body), HttpResponse.BodyHandlers.ofString())
                            .thenApply(response -> content(response.body())))
                    .toList();
            for (int i = 0; i < bodies.size(); i++) {
                assertThat(together.get(i).join()).as(bodies.get(i)).isEqualTo(alone.get(i));
            }
            api.awaitIdle();
        }
    }

    /**
     * Each step has rows of both: a long prompt is read in chunks, and who is decoding gets a token beside each. Where other programs
     * take the cores, who is decoding may come too late for a step, so that it has more than one try.
     */
    @Test
    void aLongPromptDoesNotHoldUpWhoIsDecoding() throws Exception {
        Overlapping counting = new Overlapping();
        try (Api api = longContext(2048, 2, counting)) {
            for (int i = 0; i < 20 && counting.meanwhile < 3; i++) {
                counting.begin();
                CompletableFuture<HttpResponse<String>> decoding = api.http()
                        .sendAsync(
                                request(api, Api.chat("Count.", ", \"ignore_eos\": true")),
                                HttpResponse.BodyHandlers.ofString());
                Api.Answer answer =
                        api.send(request(api, Api.chat(HISTORY, ", \"max_tokens\": 1, \"cache_prompt\": false")));
                assertThat(answer.json().at("/usage/prompt_tokens").asInt()).isGreaterThan(1500);
                assertThat(decoding.join().statusCode()).isEqualTo(200);
            }
            assertThat(counting.meanwhile).isGreaterThanOrEqualTo(3);
            api.awaitIdle();
        }
    }

    private static Api longContext(int context, int sequences, DecodingMethod method) {
        return new Api(
                new Api.Options().build(),
                MODEL_FILE,
                ModelOptions.defaults().withContext(context).withSequences(sequences),
                model -> List.of(new ServedModel(Api.MODEL, model, method)));
    }

    @Test
    void theNextTurnOfAChatComputesOnlyWhatIsNew() throws Exception {
        try (Api api = longContext(2048, 2, new PlainDecoding())) {
            String settings =
                    ", \"max_tokens\": 8, \"temperature\": 0, \"stream\": true, \"stream_options\": {\"include_usage\": true}";
            Turn first = turn(api, "{\"messages\": [" + message("user", HISTORY) + "]" + settings + "}");
            String second = "{\"messages\": ["
                    + String.join(
                            ", ",
                            message("user", HISTORY),
                            message("assistant", first.text()),
                            message("user", "And then?"))
                    + "]" + settings;
            Turn cached = turn(api, second + "}");
            Turn anew = turn(api, second + ", \"cache_prompt\": false}");
            System.out.printf(
                    "second turn of a chat of %,d tokens: first text after %.1f ms, without the prefix cache after %.1f ms%n",
                    cached.prompt(), 1e-6 * cached.nanos(), 1e-6 * anew.nanos());

            assertThat(cached.text()).isEqualTo(anew.text()).isNotEmpty();
            assertThat(cached.prompt()).isGreaterThan(1500);
            assertThat(cached.cached()).isGreaterThan(cached.prompt() - 64);
            assertThat(anew.cached()).isZero();
            assertThat(anew.rows()).isGreaterThan(8 * cached.rows());
        }
    }

    /**
     * A turn of a chat.
     *
     * @param nanos until its first text came
     * @param rows that the model computed for it
     */
    private record Turn(String text, int prompt, int cached, long nanos, long rows) {}

    private static Turn turn(Api api, String body) throws Exception {
        long rows = api.model.statistics().rows();
        long began = System.nanoTime();
        AtomicLong first = new AtomicLong();
        List<JsonNode> chunks = new ArrayList<>();
        api.http()
                .send(request(api, body), HttpResponse.BodyHandlers.ofLines())
                .body()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> Api.parsed(line.substring("data: ".length())))
                .forEach(chunk -> {
                    if (!chunk.at("/choices/0/delta/content").asString("").isEmpty()) {
                        first.compareAndSet(0, System.nanoTime() - began);
                    }
                    chunks.add(chunk);
                });
        String text = chunks.stream()
                .map(chunk -> chunk.at("/choices/0/delta/content").asString(""))
                .collect(Collectors.joining());
        JsonNode usage = chunks.getLast().path("usage");
        return new Turn(
                text,
                usage.path("prompt_tokens").asInt(),
                usage.at("/prompt_tokens_details/cached_tokens").asInt(),
                first.get(),
                api.model.statistics().rows() - rows);
    }

    private static String message(String role, String content) {
        return "{\"role\": \"%s\", \"content\": %s}".formatted(role, Json.text(content));
    }

    @Test
    void aModelFileThatDisappearsIsNotMissed(@TempDir Path folder) throws Exception {
        Path file = Files.copy(Api.SMALL, folder.resolve("gone.gguf"));
        try (Api api = new Api(
                new Api.Options().build(),
                file,
                ModelOptions.defaults().withContext(128),
                model -> List.of(new ServedModel("gone", model, Optional.empty(), MethodCall.parse("plain"))))) {
            Files.delete(file);
            assertThat(content(api.send(request(api, Api.chat("Hello", ", \"max_tokens\": 4")))
                            .body()))
                    .isNotEmpty();
        }
    }

    /** Whether or not the weights were read before; the other model never notices. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aModelFileThatIsCutShortFailsItsRequestsAlone(boolean isUsed, @TempDir Path folder) throws Exception {
        Path file = Files.copy(Api.SMALL, folder.resolve("cut.gguf"));
        ModelOptions options = ModelOptions.defaults().withContext(128);
        try (LanguageModel whole = LanguageModel.open(Api.SMALL, options);
                Api api = new Api(
                        new Api.Options().build(),
                        file,
                        options,
                        model -> List.of(
                                new ServedModel("cut", model, Optional.empty(), MethodCall.parse("plain")),
                                new ServedModel("whole", whole, Optional.empty(), MethodCall.parse("plain"))))) {
            String wish = ", \"max_tokens\": 4, \"model\": \"%s\"";
            HttpRequest ofCut = request(api, Api.chat("Hello", wish.formatted("cut")));
            if (isUsed) {
                assertThat(api.send(ofCut).status()).isEqualTo(200);
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(4096);
            }
            for (int i = 0; i < 2; i++) {
                Api.Answer refused = api.send(ofCut);
                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.error()).contains("cut short").contains("restore it");
            }
            assertThat(api.send(request(api, Api.chat("Hello", wish.formatted("whole"))))
                            .status())
                    .isEqualTo(200);
            api.awaitIdle();
        }
    }

    /** Streams that were begun and go on only at the end, beside clients that come and go. */
    @Test
    void manyIdleStreamsAndSomeActiveOnesTakeNoMoreAndMoreMemory() throws Exception {
        CountDownLatch ending = new CountDownLatch(1);
        try (Api api = new Api(
                new Api.Options()
                        .limits(IDLE + ACTIVE, ACTIVE)
                        .ioTimeout(SOAK.multipliedBy(
                                2)) // a machine that pauses all of this for minutes is not the clients' fault
                        .build(),
                500,
                model -> new ServedModel(
                        Api.MODEL, model, new Saying(model.tokenizer(), "word ".repeat(6), ending::await)))) {
            List<Socket> idle = new ArrayList<>();
            for (int i = 0; i < IDLE; i++) {
                Socket socket = new Socket(api.uri().getHost(), api.uri().getPort());
                idle.add(socket);
                askForStream(socket);
            }
            api.awaitMetric("demotic_replies_running", IDLE);
            AtomicInteger replies = new AtomicInteger();
            AtomicInteger lost = new AtomicInteger();
            try {
                Memory early = Memory.NONE;
                Memory late = Memory.NONE;
                for (int stage = 0; stage < STAGES; stage++) {
                    work(api, SOAK.dividedBy(STAGES), replies, lost);
                    late = Memory.now();
                    early = stage < STAGES / 4 ? late : early;
                    System.out.printf(
                            "%d idle streams, %d active ones, %d of %d s: %,d replies, %d lost; heap %d MB, resident %d MB%n",
                            IDLE,
                            ACTIVE,
                            (stage + 1) * SOAK.toSeconds() / STAGES,
                            SOAK.toSeconds(),
                            replies.get(),
                            lost.get(),
                            late.heap() >> 20,
                            late.resident() >> 20);
                }
                assertThat(api.metric("demotic_replies_running")).isEqualTo(IDLE);
                assertThat(late.heap()).isLessThan(early.heap() + (16 << 20));
            } finally {
                ending.countDown();
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

    /** Lets the active clients stream one short reply after the other for so long, and waits for their last. */
    private static void work(Api api, Duration time, AtomicInteger replies, AtomicInteger lost) throws Exception {
        HttpRequest request =
                request(api, Api.chat("Hello", ", \"stream\": true, \"max_tokens\": 8, \"method\": \"plain\""));
        long end = System.nanoTime() + time.toNanos();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> active = new ArrayList<>();
            for (int i = 0; i < ACTIVE; i++) {
                active.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        Api.Answer answer = api.send(request);
                        (answer.status() == 200 && answer.events().getLast().equals("[DONE]") ? replies : lost)
                                .incrementAndGet();
                    }
                    return null;
                }));
            }
            for (Future<?> each : active) {
                each.get();
            }
        }
        api.awaitMetric("demotic_replies_running", IDLE);
    }

    /** Plain decoding of replies that begin together. */
    private static final class Meeting implements DecodingMethod {
        private volatile CyclicBarrier all = new CyclicBarrier(1);

        @Override
        public String name() {
            return "meeting";
        }

        @Override
        public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
            try {
                all.await();
            } catch (InterruptedException | BrokenBarrierException e) {
                throw new CancellationException("interrupted");
            }
            new PlainDecoding().decode(sequence, prompt, sampler, sink);
        }
    }

    /** Plain decoding that counts the tokens of one reply while the long prompt of another is read. */
    private static final class Overlapping implements DecodingMethod {
        private static final int LONG = 1000;

        private final AtomicInteger tokens = new AtomicInteger();
        private volatile CountDownLatch begun = new CountDownLatch(0);
        private volatile boolean isRead;
        private volatile int meanwhile;

        void begin() {
            tokens.set(0);
            begun = new CountDownLatch(3);
            isRead = false;
        }

        @Override
        public String name() {
            return "overlapping";
        }

        @Override
        public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
            boolean isLong = prompt.length > LONG;
            if (isLong) {
                awaitTokens();
            }
            int before = tokens.get();
            new PlainDecoding().decode(sequence, prompt, sampler, (token, logits) -> {
                if (isLong) {
                    meanwhile = tokens.get() - before;
                    isRead = true;
                } else {
                    tokens.incrementAndGet();
                    begun.countDown();
                }
                return sink.accept(token, logits) && !isRead;
            });
        }

        private void awaitTokens() {
            try {
                begun.await();
            } catch (InterruptedException e) {
                throw new CancellationException("interrupted");
            }
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

    /**
     * What this process takes, in bytes.
     *
     * @param heap without garbage
     */
    private record Memory(long heap, long resident) {
        static final Memory NONE = new Memory(0, 0);

        static Memory now() throws InterruptedException {
            for (int i = 0; i < 3; i++) {
                System.gc();
                Thread.sleep(50);
            }
            Runtime runtime = Runtime.getRuntime();
            return new Memory(runtime.totalMemory() - runtime.freeMemory(), ProcessMemory.resident());
        }
    }
}
