package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.demotic.decoding.Chat;
import dev.demotic.decoding.FinishReason;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The models that Demotic embeds: the larger as target, the smaller as draft. */
class TrainedModelsTest {
    private static final Path FOLDER = Path.of("../models/src/main/resources/dev/demotic/models");
    private static final List<String> PROMPTS = List.of(
            "public class Stack<T> {\n    private final List<T> items = new ArrayList<>();\n",
            "# Release notes\n\nThis version brings",
            "int[] a = new int[10];\nint[] b = new int[10];\nint[] c = new");

    private static LanguageModel target;
    private static LanguageModel draft;
    private static List<Reply> plainReplies;

    private static Generation plain() {
        return Generation.with(target).maxTokens(48).logprobs(2);
    }

    @BeforeAll
    static void open() {
        target = LanguageModel.open(
                FOLDER.resolve("demotic-medium-q8_0.gguf"),
                ModelOptions.defaults().withContext(512).withSequences(12));
        draft = LanguageModel.open(
                FOLDER.resolve("demotic-small-q8_0.gguf"),
                ModelOptions.defaults().withContext(512).withSequences(12));
        plainReplies = PROMPTS.stream().map(plain()::complete).toList();
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    static Stream<Drafter> drafters() {
        return Stream.of(
                new PromptLookup(),
                new SuffixLookup(1),
                new SuffixLookup(SuffixLookup.LONG_MATCH, DraftModel.of(draft, target, new Chain())),
                new TokenRecycling(target.config().vocabulary(), 24),
                new Lookahead(4, 4, 4),
                DraftModel.of(draft, target, new Chain()),
                DraftModel.of(draft, target, new StaticTree(new int[] {3, 2, 2, 1}, Drawing.WITHOUT_REPLACEMENT)),
                DraftModel.of(draft, target, new StochasticBeam(4, 6)),
                DraftModel.of(draft, target, new DynamicTree(4, 16)),
                Swift.of(target, 0.3, 3, 16, 2, 20));
    }

    @ParameterizedTest
    @MethodSource("drafters")
    void greedyTextIsThatOfPlainDecoding(Drafter drafter) {
        Generation speculative = plain().method(new SpeculativeDecoding(drafter, 6));
        SpeculationStatistics sum = SpeculationStatistics.none();
        for (int i = 0; i < PROMPTS.size(); i++) {
            Reply reply = speculative.complete(PROMPTS.get(i));
            Reply expected = plainReplies.get(i);
            assertThat(reply.tokens()).isEqualTo(expected.tokens());
            assertThat(reply.logprobs()).isEqualTo(expected.logprobs());
            assertThat(reply.finishReason()).isEqualTo(expected.finishReason());
            sum = sum.plus(reply.report(SpeculationReport.class).orElseThrow().statistics());
        }
        assertThat(sum.blockEfficiency())
                .as("%s %s", drafter.name(), sum.figures())
                .isGreaterThan(1.05);
    }

    @Test
    void aReplyThatWasGivenBeforeIsDraftedWhole() {
        PastReplies past = new PastReplies();
        Generation again = Generation.with(target).maxTokens(48).method(new SpeculativeDecoding(past, 16));
        Reply first = again.complete(PROMPTS.getFirst());
        Reply second = again.complete(PROMPTS.getFirst());
        assertThat(second.tokens()).isEqualTo(first.tokens());
        double before = first.report(SpeculationStatistics.class).orElseThrow().blockEfficiency();
        double after = second.report(SpeculationStatistics.class).orElseThrow().blockEfficiency();
        assertThat(before).isEqualTo(1);
        assertThat(after).isGreaterThan(4);
    }

    @Test
    void oneDrafterServesManyRepliesAtOnce() throws Exception {
        Drafter model = DraftModel.of(draft, target, new Chain());
        List<Drafter> drafters = List.of(
                model,
                new SuffixLookup(3, model),
                new PastReplies(),
                new TokenRecycling(target.config().vocabulary(), 16));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<int[]>> requests = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                String prompt = PROMPTS.get(i % 3);
                Generation generation = plain().method(new SpeculativeDecoding(drafters.get(i / 3), 4));
                requests.add(() -> generation.complete(prompt).tokens());
            }
            List<Future<int[]>> replies = threads.invokeAll(requests);
            for (int i = 0; i < replies.size(); i++) {
                assertThat(replies.get(i).get())
                        .isEqualTo(plainReplies.get(i % 3).tokens());
            }
        }
    }

    @Test
    void interruptsCancelAReplyAndKeepWhatCame() throws InterruptedException {
        Generation generation = plain().method(new SpeculativeDecoding(DraftModel.of(draft, target, new Chain()), 4));
        StringBuilder text = new StringBuilder();
        Reply[] reply = new Reply[1];
        Thread thread = Thread.ofVirtual()
                .start(() -> reply[0] = generation.complete(PROMPTS.getFirst(), piece -> {
                    if (text.append(piece).length() > 20) {
                        Thread.currentThread().interrupt();
                    }
                }));
        thread.join();
        int[] expected = plainReplies.getFirst().tokens();
        assertThat(reply[0].finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(reply[0].tokens().length).isBetween(1, expected.length - 1);
        assertThat(reply[0].tokens()).isEqualTo(Arrays.copyOf(expected, reply[0].tokens().length));
        assertThat(reply[0].report(SpeculationStatistics.class)).isPresent();
    }

    @Test
    void aChatIsThatOfPlainDecoding() {
        Generation plain = Generation.with(target).maxTokens(24);
        Drafter drafter = new SuffixLookup(2, DraftModel.of(draft, target, new Chain()));
        try (Chat expected = plain.newChat();
                Chat chat = plain.method(new SpeculativeDecoding(drafter, 4)).newChat()) {
            for (String message : List.of("Name a colour.", "Name a colour.", "Why?")) {
                Reply reply = chat.say(message, _ -> {});
                assertThat(reply.tokens())
                        .isEqualTo(expected.say(message, _ -> {}).tokens());
                assertThat(reply.usage().cachedTokens() > 0)
                        .isEqualTo(chat.messages().size() > 2);
            }
        }
    }

    /** A longer reply costs less than one row of logits a token more. */
    @Test
    void greedyRoundsAllocateNothingAsWideAsTheVocabulary() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int[] prompt = target.tokenizer().encode(PROMPTS.getFirst());
        for (TreeShape shape : List.of(new Chain(), new DynamicTree(3, 8))) {
            SpeculativeDecoding method = new SpeculativeDecoding(DraftModel.of(draft, target, shape), 4);
            long[] allocated = new long[3];
            for (int turn = 0; turn < 3; turn++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                Replies.of(target, method, SamplingSettings.greedy(), prompt, turn < 2 ? 20 : 60);
                allocated[turn] = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat((allocated[2] - allocated[1]) / 40)
                    .isLessThan(target.config().vocabulary());
        }
    }

    @Test
    void sampledTextIsAcceptedToo() {
        Generation sampled = Generation.with(target)
                .maxTokens(60)
                .sampling(SamplingSettings.unchanged().withTopP(0.9).withSeed(1))
                .method(new SpeculativeDecoding(DraftModel.of(draft, target, new Chain()), 4));
        SpeculationStatistics statistics = sampled.complete(PROMPTS.getFirst())
                .report(SpeculationStatistics.class)
                .orElseThrow();
        assertThat(statistics.acceptance()).isBetween(0.4, 0.99);
        assertThat(statistics.figures()).containsKeys("block_efficiency", "draft_seconds");
    }

    /** At equal length: both kinds of trees without replacement beat one with it, and a chain. */
    @Test
    void drawsWithoutReplacementBringMostTokensAPass() {
        double[] efficiencies = Stream.of(
                        new StochasticBeam(4, 3),
                        new StaticTree(new int[] {4, 2, 1}, Drawing.WITHOUT_REPLACEMENT),
                        new StaticTree(new int[] {4, 2, 1}, Drawing.WITH_REPLACEMENT),
                        new Chain())
                .mapToDouble(shape -> sampledEfficiency(DraftModel.of(draft, target, shape)))
                .toArray();
        assertThat(Math.min(efficiencies[0], efficiencies[1]))
                .isGreaterThan(Math.max(efficiencies[2], efficiencies[3]));
    }

    private static double sampledEfficiency(Drafter drafter) {
        SpeculationStatistics sum = SpeculationStatistics.none();
        for (int seed = 0; seed < 20; seed++) {
            Reply reply = Generation.with(target)
                    .maxTokens(100)
                    .sampling(SamplingSettings.unchanged().withTemperature(0.5).withSeed(seed))
                    .method(new SpeculativeDecoding(drafter, 3))
                    .complete(PROMPTS.get(seed % PROMPTS.size()));
            sum = sum.plus(reply.report(SpeculationStatistics.class).orElseThrow());
        }
        return sum.blockEfficiency();
    }

    /** What a draft length costs for each token of greedy texts: drafts in vain, and passes of the target. */
    private record Cost(double discarded, double passes) {
        static Cost of(DraftLength length) {
            Generation generation = Generation.with(target)
                    .maxTokens(100)
                    .method(new SpeculativeDecoding(
                            DraftModel.of(draft, target, new Chain()), new Rejection(), length));
            SpeculationStatistics sum = Stream.concat(
                            PROMPTS.stream(), Stream.of("import java.util.", "/**\n * A", "Once upon a time"))
                    .map(prompt -> generation.complete(prompt).report(SpeculationStatistics.class))
                    .map(Optional::orElseThrow)
                    .reduce(SpeculationStatistics.none(), SpeculationStatistics::plus);
            double tokens = sum.tokens();
            return new Cost((sum.drafted() - sum.accepted()) / tokens, sum.rounds() / tokens);
        }
    }

    /** Three points of its curve, each below the curve of fixed lengths: fewer passes and fewer drafts in vain. */
    @ParameterizedTest
    @CsvSource({"0.3, 4", "0.5, 5", "0.7, 6"})
    void stoppingWhenARejectionIsLikelyBeatsFixedLengths(double threshold, int tokens) {
        Cost adaptive = Cost.of(SpecDecPlusPlus.calibrated(threshold, 20));
        Cost fixed = Cost.of(DraftLength.fixed(tokens));
        assertThat(adaptive.passes()).isLessThan(fixed.passes());
        assertThat(adaptive.discarded()).isLessThan(fixed.discarded());
    }

    /** What the thresholds of a little and a big model buy, on all prompts. */
    private static BigLittleReport bigAndLittle(double fallback, double rollback) {
        Generation generation =
                plain().maxTokens(100).method(BigLittleDecoding.of(draft, target, fallback, rollback, 10));
        return PROMPTS.stream()
                .map(prompt -> generation.complete(prompt).report(BigLittleReport.class))
                .map(Optional::orElseThrow)
                .reduce(
                        new BigLittleReport(SpeculationStatistics.none(), 0),
                        (a, b) -> new BigLittleReport(
                                a.statistics().plus(b.statistics()), a.departures() + b.departures()));
    }

    @Test
    void bigAndLittleModelTradeTheBigOnesChoicesForSpeed() {
        List<BigLittleReport> reports = DoubleStream.of(0, 3, 1000)
                .mapToObj(rollback -> bigAndLittle(0, rollback))
                .toList();
        double[] efficiencies = reports.stream()
                .mapToDouble(report -> report.statistics().blockEfficiency())
                .toArray();
        assertThat(efficiencies[1]).isGreaterThan(1.1 * efficiencies[0]);
        assertThat(efficiencies[2]).isGreaterThan(1.1 * efficiencies[1]);
        double[] departures =
                reports.stream().mapToDouble(TrainedModelsTest::departing).toArray();
        assertThat(departures[0]).isZero();
        assertThat(departures[1]).isGreaterThan(0.01);
        assertThat(departures[2]).isGreaterThan(1.5 * departures[1]);
        BigLittleReport careful = bigAndLittle(0.6, 3);
        assertThat(careful.littleShare()).isLessThan(reports.get(1).littleShare());
        assertThat(departing(careful)).isLessThan(departures[1]);
    }

    private static double departing(BigLittleReport report) {
        return (double) report.departures() / report.statistics().tokens();
    }

    @Test
    void aDraftOfAnotherVocabularyIsRefused() {
        try (LanguageModel other = LanguageModel.open(new TinyModel(TensorType.F32, 1), ModelOptions.defaults())) {
            assertThatThrownBy(() -> DraftModel.of(other, target, new Chain())).isInstanceOf(DemoticException.class);
        }
    }
}
