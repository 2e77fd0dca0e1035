package dev.demotic.decoding.speculate;

import static dev.demotic.decoding.speculate.TinyModels.PENALIZED;
import static dev.demotic.decoding.speculate.TinyModels.prompt;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.TokenTree;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop on models with random weights, and its blocks on tables. */
class PearlTest {
    private static final SamplingSettings GREEDY = SamplingSettings.greedy();
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();
    private static final int TEXTS = 150_000;
    /** Draft length by speed. */
    private static final int AUTO = 0;

    private static LanguageModel target;
    private static LanguageModel draft;

    private final Toy toy = new Toy(4, 11);

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withSequences(4);
        target = TinyModels.large(options);
        draft = TinyModels.small(options);
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    /** A kind of drafter. */
    record Drafting(String name, IntFunction<Predictor> make) {
        Pearl method(int tokens) {
            return new Pearl(make, tokens, "");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Drafting by(LanguageModel model) {
        return new Drafting(model == target ? "target" : "draft", capacity -> new ModelPredictor(model, capacity));
    }

    static Stream<Drafting> draftings() {
        return Stream.of(by(draft), by(target), new Drafting("random", _ -> new Noise(7)));
    }

    private static List<Integer> plain(SamplingSettings settings, int[] prompt, int limit) {
        return Replies.of(target, new PlainDecoding(), settings, prompt, limit).tokens;
    }

    private static PearlReport report(Pearl method, SamplingSettings settings, int[] prompt, int limit) {
        return (PearlReport) Replies.of(target, method, settings, prompt, limit).report();
    }

    @ParameterizedTest
    @MethodSource("draftings")
    void greedyTextIsThatOfPlainDecoding(Drafting drafting) {
        for (SamplingSettings settings : List.of(GREEDY, PENALIZED)) {
            for (int tokens = 0; tokens <= 8; tokens++) {
                int[] prompt = prompt(tokens, 1 + 5 * tokens % 11);
                assertThat(Replies.of(target, drafting.method(tokens), settings, prompt, 40).tokens)
                        .as("%d tokens", tokens)
                        .isEqualTo(plain(settings, prompt, 40));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("draftings")
    void aFullContextEndsTheTextWhereItEndsPlainDecoding(Drafting drafting) {
        for (int room = 1; room < 9; room++) {
            int[] prompt = prompt(room, TinyModel.CONTEXT - room);
            List<Integer> expected = plain(GREEDY, prompt, Integer.MAX_VALUE / 2);
            assertThat(expected).hasSize(room + 1);
            assertThat(Replies.of(target, drafting.method(3), GREEDY, prompt, Integer.MAX_VALUE / 2).tokens)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("draftings")
    void stopTokensAndLimitsEndTheTextWhereverTheyCome(Drafting drafting) {
        int[] prompt = prompt(4, 9);
        List<Integer> text = plain(GREEDY, prompt, 30);
        for (int at = 0; at < 30; at++) {
            Integer stop = text.get(at);
            assertThat(Replies.of(target, drafting.method(5), GREEDY, prompt, 30, stop).tokens)
                    .isEqualTo(text.subList(0, text.indexOf(stop) + 1));
            assertThat(Replies.of(target, drafting.method(4), GREEDY, prompt, 1 + at).tokens)
                    .isEqualTo(text.subList(0, 1 + at));
        }
    }

    /** With a length that follows the machine, what is drafted is tested by the draw of plain decoding. */
    @ParameterizedTest
    @MethodSource("draftings")
    void withoutALengthTheTextOfASeedIsThatOfPlainDecoding(Drafting drafting) {
        int[] prompt = prompt(6, 20);
        for (SamplingSettings settings : List.of(
                SAMPLED.withMirostat(3, 0.1), PENALIZED.withTemperature(0.5).withTopK(8), SAMPLED.withTopP(0.9))) {
            for (long seed = 0; seed < 3; seed++) {
                assertThat(Replies.of(target, drafting.method(AUTO), settings.withSeed(seed), prompt, 60).tokens)
                        .isEqualTo(plain(settings.withSeed(seed), prompt, 60));
            }
        }
    }

    @Test
    void noTextHangsOnWhichSideIsFaster() throws InterruptedException {
        int[] prompt = prompt(5, 12);
        SamplingSettings settings = PENALIZED.withTemperature(0.8).withSeed(3);
        Pearl quiet = by(draft).method(3);
        List<Integer> expected = Replies.of(target, quiet, settings, prompt, 30).tokens;
        assertThat(Replies.of(target, quiet, settings.withSeed(4), prompt, 30).tokens)
                .isNotEqualTo(expected);

        Pearl slowDraft = new Pearl(capacity -> new Late(new ModelPredictor(draft, capacity)), 3, "");
        assertThat(Replies.of(target, slowDraft, settings, prompt, 30).tokens).isEqualTo(expected);

        AtomicBoolean stop = new AtomicBoolean();
        Thread busy = Thread.ofVirtual().start(() -> {
            try (Sequence other = target.newSequence()) {
                while (!stop.get()) {
                    other.append(prompt(1, 100));
                    other.truncate(0);
                }
            }
        });
        List<Integer> slowTarget = Replies.of(target, quiet, settings, prompt, 30).tokens;
        stop.set(true);
        busy.join();
        assertThat(slowTarget).isEqualTo(expected);
    }

    @Test
    void theTargetAsItsOwnDraftIsAlwaysRight() {
        for (SamplingSettings settings :
                List.of(GREEDY, SAMPLED, PENALIZED.withTemperature(0.8).withTopK(20))) {
            // The prompt's token, the first of a block, then blocks of four; the reply's last token is not drafted.
            PearlReport report = report(by(target).method(4), settings, prompt(7, 10), 1 + 1 + 6 * 4);
            assertThat(report.statistics().acceptance()).isEqualTo(1);
            assertThat(report.statistics().rounds()).isEqualTo(7);
            assertThat(report.steps()).extracting(PearlReport.Step::emitted).containsExactly(1, 4, 4, 4, 4, 4, 4);
            assertThat(report.postVerifyShare()).isEqualTo(6.0 / 7);
            assertThat(report.acceptedRun()).isEqualTo(24);
            assertThat(report.dropped()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("draftings")
    void theAccountAddsUp(Drafting drafting) {
        for (SamplingSettings settings : List.of(GREEDY, SAMPLED.withTemperature(0.6))) {
            for (int tokens : new int[] {AUTO, 1, 2, 5}) {
                PearlReport report = report(drafting.method(tokens), settings, prompt(tokens, 8), 60);
                SpeculationStatistics statistics = report.statistics();
                assertThat(report.steps()).hasSize((int) statistics.rounds());
                assertThat(sum(report, PearlReport.Step::emitted))
                        .isEqualTo((int) statistics.tokens())
                        .isEqualTo(59);
                assertThat((long) sum(report, PearlReport.Step::drafted))
                        .as("each token of a block was tested, ready to be, or dropped")
                        .isEqualTo(statistics.drafted() + report.dropped());
                assertThat(statistics.tokens() - statistics.accepted())
                        .as("only a rejection makes the target write itself")
                        .isBetween(0L, statistics.rounds());
                for (PearlReport.Step step : report.steps()) {
                    assertThat(step.emitted()).isPositive();
                    assertThat(step.isPostVerify() || step.emitted() == 1).isTrue();
                    assertThat(step.bothSeconds())
                            .isBetween(0.0, Math.min(step.targetSeconds(), step.draftSeconds()) + 1e-9);
                }
                assertThat(report.figures()).containsKeys("post_verify_share", "both_seconds", "step_both_seconds");
                assertThat(report.explanation()).hasSizeGreaterThan(3);
            }
        }
    }

    private static int sum(PearlReport report, java.util.function.ToIntFunction<PearlReport.Step> part) {
        return report.steps().stream().mapToInt(part).sum();
    }

    @Test
    void roundsTellTheWholeReply() {
        List<Integer> told = new ArrayList<>();
        List<DraftRound> rounds = new ArrayList<>();
        Replies reply = new Replies(40, java.util.Set.of()) {
            @Override
            public boolean wantsDrafts() {
                return true;
            }

            @Override
            public void drafted(DraftRound round) {
                rounds.add(round);
                IntStream.of(round.emitted()).forEach(told::add);
            }
        };
        decode(by(draft).method(4), reply, GREEDY);
        assertThat(told).isEqualTo(reply.tokens);
        assertThat(rounds.stream().mapToLong(DraftRound::accepted).sum())
                .isEqualTo(reply.statistics().accepted());
        assertThat(rounds.stream().mapToLong(round -> round.nodes().size()).sum())
                .isEqualTo(reply.statistics().drafted());
    }

    private static void decode(Pearl method, Replies reply, SamplingSettings settings) {
        int[] prompt = prompt(2, 9);
        try (Sequence sequence = target.newSequence()) {
            Sampler sampler = new Sampler(settings, TinyModel.VOCABULARY);
            sampler.history().begin(prompt);
            method.decode(sequence, prompt, sampler, reply);
        }
    }

    @Test
    void bothComputeAtOnceWhereTheCoresAreEnough() {
        assumeTrue(target.computesBeside(draft), "one core");
        Pearl pearl = Pearl.ofSameVocabulary(draft, target, 3);
        // Where other programs take the cores, one side may be done before the other gets any, a reply long.
        PearlReport report = Stream.generate(() -> report(pearl, GREEDY, prompt(3, 9), 100))
                .limit(500)
                .filter(reply -> reply.bothSeconds() > 0)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no reply on which both computed at once"));
        assertThat(report.obstacle()).isEmpty();
        assertThat(report.explanation().get(2)).startsWith("both models computed ");
        double parts = report.bothSeconds()
                + report.targetAloneSeconds()
                + report.draftAloneSeconds()
                + report.neitherSeconds();
        assertThat(parts).isCloseTo(report.seconds(), within(1e-9));
    }

    @Test
    void whereTheyMustTakeTurnsItSaysSo() {
        ModelOptions options = ModelOptions.defaults().withThreads(64);
        try (LanguageModel greedy = TinyModels.small(options)) {
            assertThat(target.computesBeside(greedy)).isFalse();
            PearlReport report = report(Pearl.ofSameVocabulary(greedy, target, 3), GREEDY, prompt(3, 9), 20);
            assertThat(report.bothSeconds()).isZero();
            assertThat(report.explanation())
                    .contains(
                            "the models took turns: 1 threads of the target and 64 of the draft model are more than the cores here");
        }
    }

    @Test
    void anInterruptLeavesBothSidesClean() throws InterruptedException {
        int before = draft.kvUse().reserved();
        Replies reply = new Replies(60, java.util.Set.of()) {
            @Override
            public boolean accept(int token, MemorySegment logits) {
                if (tokens.size() == 9) {
                    Thread.currentThread().interrupt();
                }
                return super.accept(token, logits);
            }
        };
        AtomicBoolean cancelled = new AtomicBoolean();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                decode(by(draft).method(4), reply, GREEDY);
            } catch (CancellationException expected) {
                cancelled.set(Thread.currentThread().isInterrupted());
            }
        });
        thread.join();
        assertThat(cancelled).isTrue();
        assertThat(reply.tokens).isEqualTo(plain(GREEDY, prompt(2, 9), reply.tokens.size()));
        assertThat(reply.report().figures()).containsKey("rounds");
        assertThat(draft.kvUse().reserved()).isEqualTo(before);
    }

    @Test
    void aDrafterThatFailsEndsTheReplyAndLeavesTheTextAsItWas() {
        int before = draft.kvUse().reserved();
        for (int passes = 0; passes < 12; passes++) {
            int left = passes;
            Pearl method = new Pearl(
                    capacity -> new Late(new ModelPredictor(draft, capacity)) {
                        private int passesLeft = left;

                        @Override
                        void passes(int number) {
                            if (passesLeft-- == 0) {
                                throw new DemoticException("the draft model is closed");
                            }
                        }
                    },
                    4,
                    "");
            int[] prompt = prompt(2, 9);
            Replies reply = new Replies(60, java.util.Set.of());
            try (Sequence sequence = target.newSequence()) {
                Sampler sampler = new Sampler(GREEDY, TinyModel.VOCABULARY);
                sampler.history().begin(prompt);
                assertThatThrownBy(() -> method.decode(sequence, prompt, sampler, reply))
                        .isInstanceOf(DemoticException.class)
                        .hasMessage("the draft model is closed");
                assertThat(sampler.history().size()).isEqualTo(prompt.length + reply.tokens.size());
                assertThat(sequence.length())
                        .isEqualTo(
                                reply.tokens.isEmpty() ? 0 : sampler.history().size() - 1);
            }
            assertThat(reply.tokens).isEqualTo(plain(GREEDY, prompt, 60).subList(0, reply.tokens.size()));
        }
        assertThat(draft.kvUse().reserved()).isEqualTo(before);
    }

    @Test
    void aDraftModelWithoutRoomFallsSilent() {
        int[] prompt = prompt(9, 15);
        ModelOptions options = ModelOptions.defaults().withThreads(1).withSequences(1);
        try (LanguageModel shortSighted = TinyModels.small(options.withContext(24));
                LanguageModel full = TinyModels.small(options);
                Sequence _ = full.newSequence()) {
            Replies few = Replies.of(target, by(shortSighted).method(4), GREEDY, prompt, 40);
            assertThat(few.tokens).isEqualTo(plain(GREEDY, prompt, 40));
            assertThat(few.statistics().drafted()).isPositive();

            Replies none = Replies.of(target, by(full).method(4), GREEDY, prompt, 40);
            assertThat(none.tokens).isEqualTo(plain(GREEDY, prompt, 40));
            assertThat(none.statistics().drafted()).isZero();
        }
    }

    @Test
    void aLengthThatNoPassHasRoomForIsRefused() {
        assertThatThrownBy(() -> by(draft).method(128))
                .isInstanceOf(DemoticException.class)
                .hasMessage(
                        "a block has 128 tokens, but must have 1 to 127, or 0 for as many as fit the models' speed");
        int[] prompt = prompt(8, 9);
        assertThat(Replies.of(target, by(target).method(127), GREEDY, prompt, 100).tokens)
                .isEqualTo(plain(GREEDY, prompt, 100));
    }

    // The blocks, on tables.

    private static Runnable steps(Toy of, Sampler sampler, AcceptanceRule rule, boolean draws, int tokens) {
        TokenHistory history = sampler.history();
        PearlBlocks blocks = new PearlBlocks(rule, new Chain(0, draws), of.context(sampler, tokens), (_, _) -> true);
        Predictor drafter = of.predictor();
        return () -> {
            if (history.size() == 1) {
                blocks.begin(history.token(0), 1_000);
            }
            step(blocks, of, drafter, history, tokens, true);
        };
    }

    private static int step(
            PearlBlocks blocks, Toy of, Predictor drafter, TokenHistory history, int tokens, boolean draftsBeside) {
        int length = history.size();
        TokenTree unread = blocks.unread();
        if (draftsBeside) {
            draft(blocks, drafter, history, tokens);
        }
        blocks.verify(node -> of.targetAfter(unread.token(node)), new SpeculationCounter());
        blocks.advance();
        return history.size() - length;
    }

    private static void draft(PearlBlocks blocks, Predictor drafter, TokenHistory history, int tokens) {
        int length = history.size();
        blocks.draft(drafter, tokens);
        history.truncate(length);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void sampledTextHasTheTargetsDistribution(int tokens) {
        for (long seed = 1; seed <= 2; seed++) {
            assertThat(z(SAMPLED.withSeed(seed), new Rejection(), true, tokens)).isLessThan(4);
        }
        assertThat(z(SAMPLED, new Rejection(), false, tokens)).isLessThan(4);
    }

    private double z(SamplingSettings settings, AcceptanceRule rule, boolean draws, int tokens) {
        return toy.zScore(settings, TEXTS, sampler -> steps(toy, sampler, rule, draws, tokens));
    }

    @Test
    void processorsAndPenaltiesOfThePathCount() {
        Toy wide = new Toy(6, 5);
        SamplingSettings settings = SAMPLED.withTemperature(0.7)
                .withTopP(0.9)
                .withPresencePenalty(0.8)
                .withFrequencyPenalty(0.5)
                .withRepetitionPenalty(1.3, 2);
        for (int tokens = 1; tokens <= 3; tokens++) {
            int length = tokens;
            assertThat(wide.zScore(settings, TEXTS, sampler -> steps(wide, sampler, new Rejection(), true, length)))
                    .isLessThan(4);
        }
    }

    @Test
    void aTestThatIsTooKindIsFound() {
        assertThat(z(SAMPLED, new Rejection(0.5), true, 3)).isGreaterThan(40);
    }

    /**
     * Tokens a step, and what each half of the method is worth, where all drafts have the same chance a: in units of a pass of the
     * target, in which g tokens are drafted. Pre-verify goes on to post-verify with chance a, which goes on with a^g.
     */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void paysByBothOfItsHalves(int tokens) {
        Toy even = Toy.withoutMemory(6, 3);
        double a = even.overlap(SAMPLED);
        assertThat(a).isBetween(0.55, 0.9);
        double block = (1 - Math.pow(a, tokens)) / (1 - a);
        double post = a / (1 - Math.pow(a, tokens) + a);

        double pearl = tokensATime(even, tokens, true, true);
        double vanilla = (1 - Math.pow(a, tokens + 1)) / (1 - a) / 2;
        assertThat(pearl).isCloseTo(1 - post + post * block, within(0.02 * pearl));
        assertThat(pearl).isGreaterThan(1.1 * vanilla);
        assertThat(tokensATime(even, tokens, false, true)).isLessThan(0.98 * pearl);
        assertThat(tokensATime(even, tokens, true, false)).isLessThan(0.98 * pearl);
    }

    /** Without pre-verify, nobody looks at a block before it is whole; without post-verify, nothing is drafted during the test. */
    private static double tokensATime(Toy of, int tokens, boolean preVerify, boolean postVerify) {
        Sampler sampler = new Sampler(SAMPLED, 6);
        TokenHistory history = sampler.history();
        Predictor drafter = of.predictor();
        PearlBlocks blocks = new PearlBlocks(new Rejection(), new Chain(), of.context(sampler, tokens), (_, _) -> true);
        long emitted = 0;
        int time = 0;
        boolean isPending = false;
        history.begin(new int[] {0});
        blocks.begin(0, Integer.MAX_VALUE);
        for (int step = 0; step < 60_000; step++) {
            if (!preVerify && !isPending) {
                draft(blocks, drafter, history, tokens);
                time++;
            }
            emitted += step(blocks, of, drafter, history, tokens, postVerify || !isPending);
            time++;
            isPending = blocks.unread().size() > 1;
        }
        return (double) emitted / time;
    }

    /** Puts out random logits. */
    private static final class Noise implements Predictor {
        private final TokenTree candidates = new TokenTree();
        private final MemorySegment row = Arena.ofAuto().allocate(4L * TinyModel.VOCABULARY, 64);
        private final Random random;

        Noise(long seed) {
            random = new Random(seed);
        }

        @Override
        public boolean catchUp(TokenHistory history) {
            candidates.clear();
            return true;
        }

        @Override
        public TokenTree candidates() {
            return candidates;
        }

        @Override
        public boolean evaluate() {
            return true;
        }

        @Override
        public MemorySegment after(int node) {
            for (int token = 0; token < TinyModel.VOCABULARY; token++) {
                row.setAtIndex(JAVA_FLOAT, token, (float) random.nextGaussian());
            }
            return row;
        }

        @Override
        public long passes() {
            return 0;
        }

        @Override
        public void close() {}
    }

    /** Takes its time for each pass. */
    private static class Late implements Predictor {
        private final Predictor predictor;
        private final AtomicInteger number = new AtomicInteger();

        Late(Predictor predictor) {
            this.predictor = predictor;
        }

        /** Called before each pass. */
        void passes(int pass) {
            try {
                Thread.sleep(pass % 4);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public boolean catchUp(TokenHistory history) {
            passes(number.getAndIncrement());
            return predictor.catchUp(history);
        }

        @Override
        public TokenTree candidates() {
            return predictor.candidates();
        }

        @Override
        public boolean evaluate() {
            passes(number.getAndIncrement());
            return predictor.evaluate();
        }

        @Override
        public MemorySegment after(int node) {
            return predictor.after(node);
        }

        @Override
        public List<StepTiming> steps() {
            return predictor.steps();
        }

        @Override
        public long passes() {
            return predictor.passes();
        }

        @Override
        public void close() {
            predictor.close();
        }
    }
}
