package dev.demotic.decoding.speculate;

import static dev.demotic.decoding.speculate.TinyModels.PENALIZED;
import static dev.demotic.decoding.speculate.TinyModels.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.testing.TinyModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The loop, on models with random weights. */
class SpeculativeDecodingTest {
    private static final SamplingSettings GREEDY = SamplingSettings.greedy();

    private static LanguageModel target;
    private static LanguageModel draft;

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withThreads(2).withSequences(4);
        target = TinyModels.large(options);
        draft = TinyModels.small(options);
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    private static Replies plain(SamplingSettings settings, int[] prompt, int limit, Integer... stops) {
        return Replies.of(target, new PlainDecoding(), settings, prompt, limit, stops);
    }

    static Stream<Drafter> drafters() {
        return Stream.of(
                new RandomDrafter(TinyModel.VOCABULARY, 3, 1),
                new RandomDrafter(TinyModel.VOCABULARY, 40, 2),
                new RandomDrafter(4, 200, 3),
                new PromptLookup(),
                new SuffixLookup(1),
                new SuffixLookup(SuffixLookup.LONG_MATCH, new DraftModel(draft, new Chain())),
                new PastReplies(200),
                new TokenRecycling(TinyModel.VOCABULARY),
                new SuffixLookup(2, new TokenRecycling(TinyModel.VOCABULARY, 9)),
                new Lookahead(),
                new SuffixLookup(2, new Lookahead(3, 3, 2)),
                Swift.of(target, 0.5, 2, 4, 1, 10),
                new DraftModel(draft, new Chain()),
                new DraftModel(target, new Chain()),
                new DraftModel(draft, new StaticTree(new int[] {3, 2, 1, 1}, Drawing.WITHOUT_REPLACEMENT)),
                new DraftModel(draft, new StaticTree(new int[] {1, 4}, Drawing.WITH_REPLACEMENT)),
                new DraftModel(draft, new StaticTree(new int[] {2, 2, 2, 2, 2, 2}, Drawing.POINT_MASS)),
                new DraftModel(draft, new StochasticBeam(3, 4)),
                new DraftModel(target, new StochasticBeam(20, 12)),
                new DraftModel(draft, new DynamicTree(4, 17)),
                new DraftModel(target, new DynamicTree(10, 60)));
    }

    @ParameterizedTest
    @MethodSource("drafters")
    void greedyTextIsThatOfPlainDecoding(Drafter drafter) {
        for (SamplingSettings settings : List.of(GREEDY, PENALIZED)) {
            for (int tokens : new int[] {1, 2, 5, 12}) {
                int[] prompt = prompt(tokens, 3 + 7 * tokens % 20);
                assertThat(Replies.of(target, new SpeculativeDecoding(drafter, tokens), settings, prompt, 40).tokens)
                        .isEqualTo(plain(settings, prompt, 40).tokens);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("drafters")
    void aFullContextEndsTheTextWhereItEndsPlainDecoding(Drafter drafter) {
        for (int room = 1; room < 9; room++) {
            int[] prompt = prompt(room, TinyModel.CONTEXT - room);
            List<Integer> expected = plain(GREEDY, prompt, Integer.MAX_VALUE / 2).tokens;
            assertThat(expected).hasSize(room + 1);
            assertThat(Replies.of(target, new SpeculativeDecoding(drafter, 6), GREEDY, prompt, Integer.MAX_VALUE / 2)
                            .tokens)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("drafters")
    void stopTokensEndTheTextWhereverTheyCome(Drafter drafter) {
        int[] prompt = prompt(4, 9);
        List<Integer> text = plain(GREEDY, prompt, 30).tokens;
        for (int at = 0; at < 30; at++) {
            Integer stop = text.get(at);
            assertThat(Replies.of(target, new SpeculativeDecoding(drafter, 5), GREEDY, prompt, 30, stop).tokens)
                    .isEqualTo(text.subList(0, text.indexOf(stop) + 1));
        }
    }

    @Test
    void nothingIsDraftedAfterAStopToken() {
        int[] prompt = prompt(4, 9);
        int stop = plain(GREEDY, prompt, 3).tokens.get(2);
        DraftTree tree = new DraftTree();
        tree.begin(7, 9, 64, token -> token == stop);
        int end = tree.add(DraftTree.ROOT, stop);
        assertThat(tree.add(end, 1)).isEqualTo(DraftTree.NONE);
        SpeculationStatistics statistics = Replies.of(
                        target,
                        new SpeculativeDecoding(new DraftModel(target, new Chain()), 9),
                        GREEDY,
                        prompt,
                        30,
                        stop)
                .statistics();
        assertThat(statistics.drafted()).isEqualTo(statistics.accepted());
        assertThat(statistics.acceptance()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("drafters")
    void aSeedGivesTheSameTextAgain(Drafter drafter) {
        SamplingSettings settings = SamplingSettings.unchanged().withSeed(3).withTopP(0.9);
        SpeculativeDecoding method = new SpeculativeDecoding(drafter, 4);
        int[] prompt = prompt(5, 12);
        assertThat(Replies.of(target, method, settings, prompt, 40).tokens)
                .isEqualTo(Replies.of(target, method, settings, prompt, 40).tokens)
                .isNotEqualTo(Replies.of(target, method, settings.withSeed(4), prompt, 40).tokens);
    }

    @Test
    void sampleAndMatchDrawsAsPlainDecodingDoes() {
        SamplingSettings settings = SamplingSettings.unchanged().withSeed(6).withMirostat(3, 0.1);
        int[] prompt = prompt(6, 20);
        SpeculativeDecoding method = new SpeculativeDecoding(
                new RandomDrafter(TinyModel.VOCABULARY, 90, 1), new SampleAndMatch(), DraftLength.fixed(4));
        assertThat(Replies.of(target, method, settings, prompt, 60).tokens)
                .isEqualTo(plain(settings, prompt, 60).tokens);
    }

    /** Point masses are tested by the draw that plain decoding makes, so they change no text, whatever they remember. */
    @ParameterizedTest
    @MethodSource("drafters")
    void pointMassesLeaveTheTextOfASeedAlone(Drafter drafter) {
        assumeFalse(drafter.name().contains("draft"), "draws from the random stream");
        int[] prompt = prompt(6, 20);
        for (long seed = 0; seed < 4; seed++) {
            SamplingSettings settings =
                    PENALIZED.withTemperature(0.5).withTopK(8).withSeed(seed);
            assertThat(Replies.of(target, new SpeculativeDecoding(drafter, 12), settings, prompt, 60).tokens)
                    .isEqualTo(plain(settings, prompt, 60).tokens);
        }
    }

    @Test
    void theTargetAsItsOwnDraftIsAlwaysRight() {
        for (SamplingSettings settings : List.of(
                GREEDY,
                PENALIZED,
                SamplingSettings.unchanged(),
                PENALIZED.withTemperature(0.8).withTopK(20))) {
            SpeculationStatistics statistics = Replies.of(
                            target,
                            new SpeculativeDecoding(new DraftModel(target, new Chain()), 4),
                            settings,
                            prompt(7, 10),
                            1 + 8 * 5)
                    .statistics();
            assertThat(statistics.acceptance()).isEqualTo(1);
            assertThat(statistics.blockEfficiency()).isEqualTo(5);
            assertThat(statistics.rounds()).isEqualTo(8);
            assertThat(statistics.draftPasses()).as("one a drafted token").isEqualTo(8 * 4);
        }
    }

    @Test
    void blockEfficiencyIsThatOfTheFormula() {
        SpeculationStatistics sum = SpeculationStatistics.none();
        SamplingSettings settings = SamplingSettings.unchanged().withTemperature(0.6);
        for (int seed = 0; seed < 25; seed++) {
            sum = sum.plus(Replies.of(
                            target,
                            new SpeculativeDecoding(new DraftModel(draft, new Chain()), 3),
                            settings.withSeed(seed),
                            prompt(seed, 8),
                            100)
                    .statistics());
        }
        // Each depth is reached if all before it were accepted; RejectionTest has the case of equal chances.
        double expected = 1;
        double reached = 1;
        for (SpeculationStatistics.Depth depth : sum.depths()) {
            reached *= depth.acceptance();
            expected += reached;
        }
        assertThat(sum.acceptance()).isBetween(0.2, 0.95);
        assertThat(sum.blockEfficiency()).isCloseTo(expected, within(0.03 * expected));
    }

    @Test
    void aDraftThatOutgrowsAPassEndsThere() {
        int[] prompt = prompt(13, 8);
        Drafter wide = new DraftModel(draft, new DynamicTree(12, 200));
        assertThat(Replies.of(target, new SpeculativeDecoding(wide, 60), GREEDY, prompt, 100).tokens)
                .isEqualTo(plain(GREEDY, prompt, 100).tokens);
        Drafter random = new RandomDrafter(TinyModel.VOCABULARY, 2_000, 5);
        assertThat(Replies.of(target, new SpeculativeDecoding(random, 60), GREEDY, prompt, 100).tokens)
                .isEqualTo(plain(GREEDY, prompt, 100).tokens);
    }

    @Test
    void aTreeLargerThanAPassIsRefused() {
        assertThatThrownBy(() -> new StaticTree(new int[] {16, 16}, Drawing.POINT_MASS))
                .isInstanceOf(DemoticException.class)
                .hasMessage(
                        "a draft tree of 273 nodes is larger than the 256 that a pass may have; make it narrower or flatter");
        assertThatThrownBy(() -> new DynamicTree(4, 256)).hasMessageContaining("a draft tree of 257 nodes");
        assertThatThrownBy(() -> new DynamicTree(0, 10)).hasMessageContaining("is empty");
        assertThatThrownBy(() -> new StaticTree(new int[] {2, 0}, Drawing.POINT_MASS))
                .hasMessageContaining("branches into 0");
        assertThatThrownBy(() -> new StochasticBeam(16, 16)).hasMessageContaining("a draft tree of 257 nodes");
        assertThatThrownBy(() -> new StochasticBeam(4, 0))
                .hasMessage("a beam of width 4 and depth 0 is empty; both must be 1 or more");
    }

    /** Chi-square of the first tokens that the whole loop emits, against the products of the target's own probabilities. */
    @ParameterizedTest
    @MethodSource("stochasticShapes")
    void sampledTextHasTheTargetsDistribution(TreeShape shape) {
        SamplingSettings settings = SamplingSettings.unchanged().withTopK(4).withPresencePenalty(0.5);
        int[] prompt = prompt(10, 6);
        Map<List<Integer>, Double> expected = new HashMap<>();
        expect(settings, prompt, List.of(), 1, expected);
        SpeculativeDecoding method = new SpeculativeDecoding(new DraftModel(draft, shape), 3);
        Map<List<Integer>, Integer> counts = new HashMap<>();
        int texts = 3_000;
        for (int seed = 0; seed < texts; seed++) {
            List<Integer> text = Replies.of(target, method, settings.withSeed(seed), prompt, Toy.TOKENS).tokens;
            assertThat(expected).containsKey(text);
            counts.merge(text, 1, Integer::sum);
        }
        List<List<Integer>> cells = List.copyOf(expected.keySet());
        assertThat(Toy.zScore(
                        cells.stream()
                                .mapToInt(text -> counts.getOrDefault(text, 0))
                                .toArray(),
                        cells.stream().mapToDouble(expected::get).toArray(),
                        texts))
                .isLessThan(4);
    }

    static Stream<TreeShape> stochasticShapes() {
        return Stream.of(
                new Chain(), new StaticTree(new int[] {2, 2}, Drawing.WITHOUT_REPLACEMENT), new StochasticBeam(2, 3));
    }

    private static void expect(
            SamplingSettings settings,
            int[] prompt,
            List<Integer> text,
            double probability,
            Map<List<Integer>, Double> into) {
        if (text.size() == Toy.TOKENS) {
            into.put(text, probability);
            return;
        }
        Sampler sampler = new Sampler(settings, TinyModel.VOCABULARY);
        sampler.history().begin(prompt);
        text.forEach(sampler.history()::add);
        Distribution next = new Distribution();
        try (Sequence sequence = target.newSequence()) {
            int[] context = IntStream.range(0, sampler.history().size())
                    .map(sampler.history()::token)
                    .toArray();
            Outputs outputs = sequence.append(context);
            sampler.distribution(outputs.logits(outputs.last()), next);
        }
        for (int i = 0; i < next.size(); i++) {
            List<Integer> longer = new ArrayList<>(text);
            longer.add(next.token(i));
            expect(settings, prompt, longer, probability * next.weight(i), into);
        }
    }

    @Test
    void aPolicyStopsTheDraftAndIsToldOfEachRound() {
        List<Integer> accepted = new ArrayList<>();
        DraftLength policy = new DraftLength() {
            @Override
            public int limit() {
                return accepted.size() % 3 == 2 ? 0 : 8;
            }

            @Override
            public boolean goesOn(DraftStep step) {
                assertThat(step.probability()).isBetween(0.0, 1.0);
                assertThat(step.confidence().entropy()).isBetween(0.0, Math.log(TinyModel.VOCABULARY));
                return step.depth() < 2;
            }

            @Override
            public void verified(Verification round) {
                accepted.add(round.accepted());
            }
        };
        int[] prompt = prompt(11, 10);
        SpeculativeDecoding method =
                new SpeculativeDecoding(new DraftModel(target, new Chain()), new Rejection(), policy);
        Replies reply = Replies.of(target, method, GREEDY, prompt, 1 + 3 * (3 + 3 + 1));
        assertThat(reply.tokens).isEqualTo(plain(GREEDY, prompt, 22).tokens);
        assertThat(accepted).containsExactly(2, 2, 0, 2, 2, 0, 2, 2, 0);
        assertThat(reply.statistics().depths()).hasSize(2);
    }

    @Test
    void draftersGetTheHiddenStatesThatTheyAskFor() {
        List<Integer> widths = new ArrayList<>();
        Drafter heads = new Drafter() {
            @Override
            public String name() {
                return "heads";
            }

            @Override
            public int[] captures() {
                return new int[] {0, 2};
            }

            @Override
            public Session begin(Context context) {
                widths.add((int) context.prompt().hidden(2).byteSize() / 4 / TinyModel.WIDTH);
                return new Session() {
                    @Override
                    public void propose(DraftTree tree) {
                        tree.addChain(DraftTree.ROOT, 1, 2);
                    }

                    @Override
                    public void verified(Verification round) {
                        widths.add((int) round.outputs().hidden(0, round.last()).byteSize() / 4);
                    }
                };
            }
        };
        Replies.of(target, new SpeculativeDecoding(heads, 2), GREEDY, prompt(12, 7), 2);
        assertThat(widths).containsExactly(7, TinyModel.WIDTH);
    }

    @Test
    void aLengthOfZeroIsPlainDecoding() {
        int[] prompt = prompt(8, 10);
        Drafter never = new Drafter() {
            @Override
            public String name() {
                return "never";
            }

            @Override
            public Session begin(Context context) {
                return _ -> {
                    throw new AssertionError("asked for a draft");
                };
            }
        };
        Replies reply = Replies.of(target, new SpeculativeDecoding(never, 0), GREEDY, prompt, 20);
        assertThat(reply.tokens).isEqualTo(plain(GREEDY, prompt, 20).tokens);
        assertThat(reply.statistics().blockEfficiency()).isEqualTo(1);
        assertThatThrownBy(() -> new SpeculativeDecoding(never, -1))
                .isInstanceOf(DemoticException.class)
                .hasMessage("the draft length is -1, but must be 0 or more");
    }

    @Test
    void aDraftModelWithAShortContextFallsSilent() {
        ModelOptions options = ModelOptions.defaults().withThreads(1).withContext(24);
        try (LanguageModel shortSighted = TinyModels.small(options)) {
            int[] prompt = prompt(9, 15);
            Replies reply = Replies.of(
                    target, new SpeculativeDecoding(new DraftModel(shortSighted, new Chain()), 4), GREEDY, prompt, 40);
            assertThat(reply.tokens).isEqualTo(plain(GREEDY, prompt, 40).tokens);
            assertThat(reply.statistics().drafted()).isPositive();
        }
    }
}
