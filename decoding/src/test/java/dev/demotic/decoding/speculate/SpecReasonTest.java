package dev.demotic.decoding.speculate;

import static dev.demotic.decoding.speculate.TinyModels.PENALIZED;
import static dev.demotic.decoding.speculate.TinyModels.prompt;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.MethodReport;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.method.Methods;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The corners where its text is known, what is left behind on the way, and its account, on models with random weights. */
class SpecReasonTest {
    private static final SamplingSettings GREEDY = SamplingSettings.greedy();
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();
    private static final int NEVER = 10;
    private static final int QUESTION_TOKENS = 7;

    private static LanguageModel large;
    private static LanguageModel small;

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withSequences(2);
        large = TinyModels.large(options);
        small = TinyModels.small(options);
    }

    @AfterAll
    static void close() {
        large.close();
        small.close();
    }

    /** Steps end with one token, with two, or in the midst of one. */
    private static byte[] bytes(int token) {
        String text = switch (token % 12) {
            case 0, 1 -> "\n";
            case 2 -> "\n\n";
            case 3 -> ".\n\nSo";
            default -> "x";
        };
        return text.getBytes(UTF_8);
    }

    /** Asks something, and finds every other step good enough for a threshold of 5. */
    private record Alternating(List<Double> scores) implements StepJudge {
        Alternating() {
            this(new ArrayList<>());
        }

        @Override
        public int[] question(TokenHistory text) {
            return IntStream.range(0, QUESTION_TOKENS).toArray();
        }

        @Override
        public double score(StepReading reading) {
            assertThat(reading.answer().byteSize()).isEqualTo(4L * TinyModel.VOCABULARY);
            scores.add(scores.size() % 2 == 0 ? 9.0 : 0.0);
            return scores.getLast();
        }
    }

    private static SpecReason method(StepJudge judge, double threshold, int drafts) {
        return method(small, judge, threshold, new SpecReason.Steps(StepEnd.BLANK_LINE, 12, 0), drafts);
    }

    private static SpecReason method(
            LanguageModel writer, StepJudge judge, double threshold, SpecReason.Steps steps, int drafts) {
        return new SpecReason(writer, SpecReasonTest::bytes, judge, threshold, steps, drafts);
    }

    private static List<Integer> reply(
            DecodingMethod method, SamplingSettings settings, int[] prompt, int limit, Integer... stops) {
        return Replies.of(large, method, settings, prompt, limit, stops).tokens;
    }

    private static List<Integer> alone(
            LanguageModel model, SamplingSettings settings, int[] prompt, int limit, Integer... stops) {
        return Replies.of(model, new PlainDecoding(), settings, prompt, limit, stops).tokens;
    }

    private static SpecReasonReport report(DecodingMethod method, int[] prompt, int limit) {
        return (SpecReasonReport)
                Replies.of(large, method, GREEDY, prompt, limit).report();
    }

    static Stream<StepJudge> judges() {
        return Stream.of(new LikelihoodJudge(), new Alternating());
    }

    @ParameterizedTest
    @MethodSource("judges")
    void whereNoStepIsGoodEnoughTheTextIsTheLargeModels(StepJudge judge) {
        for (SamplingSettings settings : List.of(GREEDY, PENALIZED)) {
            for (int seed = 0; seed < 5; seed++) {
                int[] prompt = prompt(seed, 1 + 3 * seed);
                assertThat(reply(method(judge, NEVER, 2 * seed), settings, prompt, 60))
                        .isEqualTo(alone(large, settings, prompt, 60));
            }
        }
    }

    /** The random stream goes to nobody else, so that the texts of seeds are equal too. */
    @ParameterizedTest
    @MethodSource("judges")
    void whereEachStepIsGoodEnoughTheTextIsTheSmallModels(StepJudge judge) {
        for (SamplingSettings settings : List.of(
                GREEDY,
                PENALIZED,
                SAMPLED.withSeed(4),
                PENALIZED.withTemperature(0.7).withTopK(9),
                SAMPLED.withMirostat(3, 0.1))) {
            for (int seed = 0; seed < 5; seed++) {
                int[] prompt = prompt(seed, 1 + 3 * seed);
                assertThat(reply(method(judge, 0, 4), settings, prompt, 60))
                        .isEqualTo(alone(small, settings, prompt, 60));
            }
        }
    }

    @Test
    void whatMirostatLearntOfARejectedStepIsForgotten() {
        Sampler sampler = new Sampler(SAMPLED.withMirostat(3, 0.5), TinyModel.VOCABULARY);
        sampler.history().begin(new int[] {1});
        try (Sequence sequence = large.newSequence()) {
            Outputs outputs = sequence.append(1);
            MemorySegment row = outputs.logits(outputs.last());
            int choices = sampler.distribution(row).size();
            Sampler.Mark mark = sampler.mark();
            for (int i = 0; i < 20; i++) {
                sampler.take(sampler.distribution(row).token(0), sampler.distribution(row));
            }
            assertThat(sampler.distribution(row).size()).isNotEqualTo(choices);
            sampler.backTo(mark);
            assertThat(sampler.distribution(row).size()).isEqualTo(choices);
            assertThat(sampler.history().size()).isEqualTo(1);
        }
    }

    @Test
    void stopTokensAndAFullContextEndTheTextWhereTheyEndPlainDecoding() {
        int[] prompt = prompt(2, 9);
        for (double threshold : new double[] {0, NEVER}) {
            LanguageModel author = threshold == 0 ? small : large;
            List<Integer> text = alone(author, GREEDY, prompt, 30);
            for (int at = 0; at < 30; at++) {
                Integer stop = text.get(at);
                assertThat(reply(method(new LikelihoodJudge(), threshold, at % 5), GREEDY, prompt, 30, stop))
                        .isEqualTo(text.subList(0, text.indexOf(stop) + 1));
                assertThat(reply(method(new Alternating(), threshold, 3), GREEDY, prompt, at + 1))
                        .isEqualTo(text.subList(0, at + 1));
            }
            for (int room = 0; room < 9; room++) {
                int[] longPrompt = prompt(room, TinyModel.CONTEXT - room);
                List<Integer> expected = alone(author, GREEDY, longPrompt, Integer.MAX_VALUE / 2);
                assertThat(expected).hasSize(room + 1);
                assertThat(reply(method(new Alternating(), threshold, 3), GREEDY, longPrompt, Integer.MAX_VALUE / 2))
                        .isEqualTo(expected);
            }
        }
    }

    /** Takes a reply and, bit by bit, what the model put out before each token. */
    private static final class Recorder implements DecodingMethod.Sink {
        private final int limit;
        private final List<Integer> tokens = new ArrayList<>();
        private final List<float[]> rows = new ArrayList<>();
        private final List<DraftRound> rounds = new ArrayList<>();

        Recorder(int limit) {
            this.limit = limit;
        }

        @Override
        public boolean accept(int token, MemorySegment logits) {
            tokens.add(token);
            rows.add(logits.toArray(JAVA_FLOAT));
            return wanted() > 0;
        }

        @Override
        public int wanted() {
            return limit - tokens.size();
        }

        @Override
        public boolean wantsDrafts() {
            return true;
        }

        @Override
        public void drafted(DraftRound round) {
            rounds.add(round);
        }

        @Override
        public void report(MethodReport report) {}

        static Recorder of(DecodingMethod method, SamplingSettings settings, int[] prompt, int limit) {
            try (Sequence sequence = large.newSequence()) {
                Recorder recorder = new Recorder(limit);
                Sampler sampler = new Sampler(settings, TinyModel.VOCABULARY);
                sampler.history().begin(prompt);
                method.decode(sequence, prompt, sampler, recorder);
                return recorder;
            }
        }
    }

    /** Kept steps stay in the cache as if the large model had written them; rejected ones and questions leave no trace. */
    @Test
    void judgingLeavesNothingBehind() {
        int[] prompt = prompt(6, 11);
        for (SamplingSettings settings : List.of(GREEDY, SAMPLED)) {
            Recorder reply = Recorder.of(method(new Alternating(), 5, 3), settings, prompt, 80);
            try (Sequence sequence = large.newSequence()) {
                Outputs outputs = sequence.append(prompt);
                for (int i = 0; i < reply.tokens.size(); i++) {
                    MemorySegment expected = outputs.logits(outputs.last());
                    assertThat(MemorySegment.ofArray(reply.rows.get(i)).mismatch(expected))
                            .as("first byte that differs before token %d", i)
                            .isEqualTo(-1);
                    outputs = sequence.append(reply.tokens.get(i));
                }
            }
        }
    }

    @Test
    void stepsAreKeptOrRewrittenAsTheirScoresSay() {
        int[] prompt = prompt(3, 8);
        Recorder reply = Recorder.of(method(new Alternating(), 5, 0), GREEDY, prompt, 60);
        List<Integer> text = new ArrayList<>();
        boolean isSmall = true;
        while (text.size() < 60) {
            int[] context = IntStream.concat(IntStream.of(prompt), text.stream().mapToInt(Integer::intValue))
                    .toArray();
            text.addAll(step(isSmall ? small : large, context, Math.min(12, 60 - text.size())));
            isSmall = !isSmall;
        }
        assertThat(reply.tokens).isEqualTo(text);
        assertThat(reply.rounds.stream().flatMapToInt(round -> IntStream.of(round.emitted())))
                .as("every token is told in a round")
                .containsExactlyElementsOf(text);
        for (DraftRound round : reply.rounds) {
            assertThat(round.nodes()).hasSize(round.accepted() + round.rejected().length);
            assertThat(round.accepted() == 0 || round.rejected().length == 0).isTrue();
        }
    }

    /** A step of a model alone. */
    private static List<Integer> step(LanguageModel model, int[] context, int most) {
        List<Integer> tokens = alone(model, GREEDY, context, Math.min(most, TinyModel.CONTEXT - context.length));
        StepEnd.Watch watch = StepEnd.BLANK_LINE.watch(SpecReasonTest::bytes);
        for (int i = 0; i < tokens.size(); i++) {
            if (watch.endsWith(tokens.get(i))) {
                return tokens.subList(0, i + 1);
            }
        }
        return tokens;
    }

    @Test
    void draftsInTheLargeModelsStepsChangeNoGreedyText() {
        for (SamplingSettings settings : List.of(GREEDY, PENALIZED)) {
            int[] prompt = prompt(7, 10);
            List<Integer> text = reply(method(new Alternating(), 5, 0), settings, prompt, 90);
            for (int drafts : new int[] {1, 2, 5, 20}) {
                assertThat(reply(method(new Alternating(), 5, drafts), settings, prompt, 90))
                        .isEqualTo(text);
            }
        }
        SpeculationStatistics with = report(method(new LikelihoodJudge(), NEVER, 4), prompt(1, 10), 90)
                .statistics();
        SpeculationStatistics without = report(method(new LikelihoodJudge(), NEVER, 0), prompt(1, 10), 90)
                .statistics();
        assertThat(with.accepted()).isPositive();
        assertThat(with.rounds()).isLessThan(without.rounds());
    }

    @Test
    void aSeedGivesTheSameTextAgain() {
        int[] prompt = prompt(5, 12);
        SpecReason method = method(new LikelihoodJudge(), 1, 3);
        SamplingSettings settings = SAMPLED.withTemperature(0.8).withSeed(3);
        assertThat(reply(method, settings, prompt, 60))
                .isEqualTo(reply(method, settings, prompt, 60))
                .isNotEqualTo(reply(method, settings.withSeed(4), prompt, 60));
    }

    @Test
    void theFirstStepsMayBeReservedToTheLargeModel() {
        int[] prompt = prompt(9, 10);
        List<Integer> first = step(large, prompt, 12);
        int[] longer = IntStream.concat(IntStream.of(prompt), first.stream().mapToInt(Integer::intValue))
                .toArray();
        SpecReason method = method(small, new LikelihoodJudge(), 0, new SpecReason.Steps(StepEnd.BLANK_LINE, 12, 1), 4);
        List<Integer> tokens = reply(method, GREEDY, prompt, 50);
        assertThat(tokens.subList(0, first.size())).isEqualTo(first);
        assertThat(tokens.subList(first.size(), 50)).isEqualTo(alone(small, GREEDY, longer, 50 - first.size()));
        assertThat(report(method, prompt, 50).reserved()).isEqualTo(1);
    }

    @Test
    void theAccountAddsUp() {
        for (double threshold : new double[] {0, 5, NEVER}) {
            SpecReasonReport report = report(method(new Alternating(), threshold, 3), prompt(1, 10), 90);
            assertThat(report.smallTokens() + report.largeTokens()).isEqualTo(90);
            assertThat(report.judgePasses())
                    .isEqualTo(report.accepted() + report.rewritten())
                    .isPositive();
            assertThat(report.reserved()).isZero();
            assertThat(report.statistics().tokens()).isEqualTo(90);
            assertThat(report.statistics().rounds()).isGreaterThanOrEqualTo(report.judgePasses());
            assertThat(report.statistics().draftPasses()).isPositive();
            assertThat(report.smallShare() == 1).isEqualTo(threshold == 0);
            assertThat(report.smallShare() == 0).isEqualTo(threshold == NEVER);
            assertThat(report.statistics().targetSeconds())
                    .isBetween(report.judgeSeconds(), report.judgeSeconds() + report.largeSeconds());
            assertThat(report.explanation()).hasSize(4);
            assertThat(report.figures()).containsKeys("steps_accepted", "small_tokens", "judge_seconds");
            SpecReasonReport twice = report.plus(report);
            assertThat(twice.judgePasses()).isEqualTo(2 * report.judgePasses());
            assertThat(twice.stepAcceptance()).isEqualTo(report.stepAcceptance());
        }
    }

    /** The mean log likelihood of the step after its context, which is not that of the step by itself. */
    @Test
    void theJudgeSeesTheContext() {
        int[] prompt = prompt(8, 10);
        List<Integer> step = step(small, prompt, 12);
        SpecReasonReport report = report(method(new LikelihoodJudge(), 0, 0), prompt, step.size());
        assertThat(report.scores()).containsExactly(score(prompt, step));
        assertThat(score(prompt, step)).isNotEqualTo(score(new int[] {prompt[9]}, step));
    }

    private static double score(int[] context, List<Integer> step) {
        double sum = 0;
        try (Sequence sequence = large.newSequence()) {
            Outputs outputs = sequence.append(context);
            for (int token : step) {
                sum += TokenLogprobs.of(outputs.logits(outputs.last()), token, 0)
                        .logprob();
                outputs = sequence.append(token);
            }
        }
        return Math.min(9, 10 * Math.exp(sum / step.size()));
    }

    /** A question that does not fit is not asked, and the step not taken for good. */
    @Test
    void whereTheQuestionHasNoRoomTheLargeModelWrites() {
        Alternating judge = new Alternating();
        SpecReasonReport report = report(method(judge, 5, 0), prompt(1, 10), QUESTION_TOKENS);
        assertThat(judge.scores()).isEmpty();
        assertThat(report.largeTokens()).isEqualTo(QUESTION_TOKENS);
        assertThat(report.scores()).isNotEmpty().containsOnly(0.0);
    }

    @Test
    void anInterruptedReplyKeepsWhatWasEmittedAndNoMore() {
        for (int at = 1; at < 20; at++) {
            int limit = at;
            int[] prompt = prompt(1, 10);
            try (Sequence sequence = large.newSequence()) {
                Sampler sampler = new Sampler(GREEDY, TinyModel.VOCABULARY);
                sampler.history().begin(prompt);
                List<Integer> tokens = new ArrayList<>();
                List<MethodReport> reports = new ArrayList<>();
                DecodingMethod.Sink sink = new DecodingMethod.Sink() {
                    @Override
                    public boolean accept(int token, MemorySegment logits) {
                        tokens.add(token);
                        if (tokens.size() == limit) {
                            Thread.currentThread().interrupt();
                        }
                        return true;
                    }

                    @Override
                    public void report(MethodReport report) {
                        reports.add(report);
                    }
                };
                assertThatThrownBy(() -> method(new Alternating(), 5, 2).decode(sequence, prompt, sampler, sink))
                        .isInstanceOf(CancellationException.class);
                assertThat(Thread.interrupted()).isTrue();
                TokenHistory history = sampler.history();
                assertThat(IntStream.range(10, history.size()).map(history::token))
                        .containsExactlyElementsOf(tokens);
                assertThat(sequence.length()).isLessThan(history.size());
                assertThat(reports).hasSize(1);
                int[] text =
                        IntStream.range(0, history.size()).map(history::token).toArray();
                Outputs outputs = sequence.append(Arrays.copyOfRange(text, sequence.length(), text.length));
                try (Sequence fresh = large.newSequence()) {
                    Outputs expected = fresh.append(text);
                    assertThat(outputs.logits(outputs.last()).mismatch(expected.logits(expected.last())))
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void aSmallModelWithoutRoomIsRefusedBeforeTheFirstToken() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withSequences(1);
        try (LanguageModel crowded = TinyModels.small(options)) {
            SpecReason method =
                    method(crowded, new LikelihoodJudge(), 5, new SpecReason.Steps(StepEnd.BLANK_LINE, 12, 0), 0);
            try (Sequence _ = crowded.newSequence()) {
                assertThatThrownBy(() -> reply(method, GREEDY, prompt(1, 10), 20))
                        .isInstanceOf(DemoticException.class)
                        .hasMessageStartingWith(
                                "the small model's KV cache has no room for this reply; ask again later");
            }
            assertThat(reply(method, GREEDY, prompt(1, 10), 20))
                    .as("room again")
                    .hasSize(20);
        }
    }

    @Test
    void whatIsTooLongForTheSmallModelTheLargeOneWrites() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withContext(24);
        try (LanguageModel shortSighted = TinyModels.small(options)) {
            SpecReason method =
                    method(shortSighted, new LikelihoodJudge(), 0, new SpecReason.Steps(StepEnd.BLANK_LINE, 12, 0), 3);
            int[] prompt = prompt(9, 15);
            SpecReasonReport report = report(method, prompt, 40);
            assertThat(report.smallTokens()).isEqualTo(24 - 15 + 1);
            List<Integer> tokens = reply(method, GREEDY, prompt, 40);
            List<Integer> written = tokens.subList(0, 10);
            assertThat(written).isEqualTo(alone(small, GREEDY, prompt, 10));
            int[] context = IntStream.concat(
                            IntStream.of(prompt), written.stream().mapToInt(Integer::intValue))
                    .toArray();
            assertThat(tokens.subList(10, 40)).isEqualTo(alone(large, GREEDY, context, 30));
            assertThat(report.reserved()).isPositive();
            assertThat(report.rewritten()).isZero();
        }
    }

    @Test
    void isLossyAndRefusesSettingsOutOfRange() {
        assertThat(Methods.named("specreason").isLossless()).isFalse();
        assertThatThrownBy(() -> method(new LikelihoodJudge(), 10.5, 0))
                .isInstanceOf(DemoticException.class)
                .hasMessage("the least score of a step is 10.5, but must be from 0 to 10");
        assertThatThrownBy(() -> method(new LikelihoodJudge(), Double.NaN, 0)).isInstanceOf(DemoticException.class);
        for (int[] wrong : new int[][] {{0, 0}, {256, 0}, {5, -1}}) {
            assertThatThrownBy(() -> new SpecReason.Steps(StepEnd.LINE, wrong[0], wrong[1]))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("from 1 to 255, and 0 or more");
        }
    }
}
