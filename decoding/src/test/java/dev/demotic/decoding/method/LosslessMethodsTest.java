package dev.demotic.decoding.method;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every method that says it is lossless, set up as users get it, on trained models: its text is that of plain decoding. */
class LosslessMethodsTest {
    private static final Path FOLDER = Path.of("../models/src/main/resources/dev/demotic/models");
    private static final List<String> PROMPTS = List.of(
            "public class Stack<T> {\n    private final List<T> items = new ArrayList<>();\n",
            "# Release notes\n\nThis version brings",
            "int[] a = new int[10];\nint[] b = new int[10];\nint[] c = new",
            "import java.util.Map;\n\n/** Counts words. */\n",
            "The server listens on port",
            "    @Test\n    void ");
    /** Texts of each side of a comparison. */
    private static final int TEXTS = 240;
    /** Texts that must be plain decoding's, seed for seed, for all of a method's to be held for so. */
    private static final int SEEDS = 48;
    /** Two samples of this size from one distribution are further apart than this once in ten thousand times (Smirnov, 1939). */
    private static final double CRITICAL_DISTANCE = Math.sqrt(-Math.log(0.5e-4) / TEXTS);

    private static LanguageModel target;
    private static LanguageModel draft;
    private static List<Reply> greedy;
    private static List<Reply> sampled;

    @BeforeAll
    static void open() throws Exception {
        target = LanguageModel.open(
                FOLDER.resolve("demotic-medium-q8_0.gguf"),
                ModelOptions.defaults().withContext(256).withSequences(24));
        draft = LanguageModel.open(
                FOLDER.resolve("demotic-small-q8_0.gguf"),
                ModelOptions.defaults().withContext(256).withSequences(24));
        MethodCall plain = MethodCall.parse("plain");
        greedy = greedy(plain);
        sampled = sampled(plain, 0, TEXTS);
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    static Stream<MethodCall> lossless() {
        return Methods.all().stream().filter(Method::isLossless).map(method -> MethodCall.parse(method.name()));
    }

    private static Generation generation(MethodCall call) {
        Optional<LanguageModel> drafting =
                call.method().draft() == DraftUse.NONE ? Optional.empty() : Optional.of(draft);
        return Generation.with(target).method(call.decoding(target, drafting));
    }

    private static List<Reply> greedy(MethodCall call) throws Exception {
        Generation generation = generation(call).maxTokens(64);
        return replies(PROMPTS.size(), i -> generation.complete(PROMPTS.get(i)));
    }

    private static List<Reply> sampled(MethodCall call, long firstSeed, int count) throws Exception {
        Generation generation = generation(call)
                .sampling(SamplingSettings.unchanged().withTemperature(0.9))
                .logprobs(0)
                .maxTokens(24);
        return replies(count, i -> generation.seed(firstSeed + i).complete(PROMPTS.get(i % PROMPTS.size())));
    }

    private interface Source {
        Reply reply(int index);
    }

    /** Replies that are made at once, as far as the engine gains by that. */
    private static List<Reply> replies(int count, Source source) throws Exception {
        Semaphore places = new Semaphore(8);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Reply>> making = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int index = i;
                making.add(threads.submit(() -> {
                    places.acquire();
                    try {
                        return source.reply(index);
                    } finally {
                        places.release();
                    }
                }));
            }
            List<Reply> replies = new ArrayList<>();
            for (Future<Reply> reply : making) {
                replies.add(reply.get());
            }
            return replies;
        }
    }

    @ParameterizedTest
    @MethodSource("lossless")
    void greedyTextIsThatOfPlainDecoding(MethodCall call) throws Exception {
        List<Reply> replies = greedy(call);
        for (int i = 0; i < replies.size(); i++) {
            assertThat(replies.get(i).tokens())
                    .as(PROMPTS.get(i))
                    .isEqualTo(greedy.get(i).tokens());
        }
    }

    /**
     * The texts of the same seeds, where a method leaves them alone. Else two samples of texts are compared by how likely they are, how
     * much they repeat themselves, and what comes late in them.
     */
    @ParameterizedTest
    @MethodSource("lossless")
    void sampledTextsAreDistributedAsThoseOfPlainDecoding(MethodCall call) throws Exception {
        if (keepsTextsOfSeeds(call)) {
            return;
        }
        List<Reply> replies = sampled(call, 1_000, TEXTS);
        assertThat(distance(replies, LosslessMethodsTest::logLikelihood)).isLessThan(CRITICAL_DISTANCE);
        assertThat(distance(replies, LosslessMethodsTest::distinctTokens)).isLessThan(CRITICAL_DISTANCE);
        assertThat(distance(replies, LosslessMethodsTest::lateToken)).isLessThan(CRITICAL_DISTANCE);
    }

    @Test
    void aMethodThatTakesWhateverIsDraftedIsFoundOut() throws Exception {
        List<Reply> replies = sampled(MethodCall.parse("lenient:lenience=0.000001"), 1_000, TEXTS);
        assertThat(distance(replies, LosslessMethodsTest::logLikelihood)).isGreaterThan(CRITICAL_DISTANCE);
    }

    private static boolean keepsTextsOfSeeds(MethodCall call) throws Exception {
        List<Reply> replies = sampled(call, 0, SEEDS);
        return IntStream.range(0, SEEDS)
                .allMatch(i ->
                        Arrays.equals(replies.get(i).tokens(), sampled.get(i).tokens()));
    }

    private static double logLikelihood(Reply reply) {
        return reply.logprobs().stream().mapToDouble(TokenLogprobs::logprob).sum();
    }

    private static double distinctTokens(Reply reply) {
        return Arrays.stream(reply.tokens()).distinct().count();
    }

    private static double lateToken(Reply reply) {
        return reply.tokens()[reply.tokens().length * 3 / 4];
    }

    /** The greatest distance between the distribution functions of a statistic in these texts and in plain decoding's. */
    private static double distance(List<Reply> replies, ToDoubleFunction<Reply> statistic) {
        double[] ours = replies.stream().mapToDouble(statistic).toArray();
        double[] plain = sampled.stream().mapToDouble(statistic).toArray();
        return Arrays.stream(ours)
                .map(value -> Math.abs(shareUpTo(value, ours) - shareUpTo(value, plain)))
                .max()
                .orElseThrow();
    }

    private static double shareUpTo(double limit, double[] values) {
        return (double) Arrays.stream(values).filter(value -> value <= limit).count() / values.length;
    }
}
