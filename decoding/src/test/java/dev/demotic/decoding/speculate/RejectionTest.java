package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether the text of each lossless rule has the target's distribution: chi-square of three tokens, and that it can fail. */
class RejectionTest {
    private static final int TEXTS = 150_000;
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();

    private final Toy toy = new Toy(4, 11);

    private Toy.Drafting chain(Toy of) {
        return shaped(of, new Chain());
    }

    private static Toy.Drafting shaped(Toy of, TreeShape shape) {
        return context -> new PredictorSession(of.predictor(), shape, context);
    }

    private static StaticTree tree(Drawing drawing, int... branching) {
        return new StaticTree(branching, drawing);
    }

    static Stream<TreeShape> shapes() {
        return Stream.of(
                tree(Drawing.WITHOUT_REPLACEMENT, 2, 2),
                tree(Drawing.WITHOUT_REPLACEMENT, 3, 1),
                tree(Drawing.WITHOUT_REPLACEMENT, 4, 4),
                tree(Drawing.WITH_REPLACEMENT, 2, 2),
                tree(Drawing.WITH_REPLACEMENT, 3, 1),
                tree(Drawing.POINT_MASS, 2, 2),
                tree(Drawing.POINT_MASS, 3, 1),
                new DynamicTree(2, 5),
                new StochasticBeam(1, 3),
                new StochasticBeam(2, 2),
                new StochasticBeam(3, 3),
                new StochasticBeam(9, 2));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void treesKeepTheDistribution(TreeShape shape) {
        for (long seed = 1; seed <= 2; seed++) {
            assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new Rejection()::next, shaped(toy, shape), 3))
                    .isLessThan(4);
            assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new SampleAndMatch()::next, shaped(toy, shape), 3))
                    .isLessThan(4);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void treesKeepProcessorsAndPenaltiesOfThePath(TreeShape shape) {
        Toy wide = new Toy(6, 5);
        SamplingSettings settings = SAMPLED.withTemperature(0.7)
                .withTopP(0.9)
                .withPresencePenalty(0.8)
                .withFrequencyPenalty(0.5);
        assertThat(wide.zScore(settings, TEXTS, new Rejection()::next, shaped(wide, shape), 3))
                .isLessThan(4);
    }

    @Test
    void chosenChildrenThatPassAsDrawnAreFound() {
        Toy.Drafting wrong = context -> tree -> {
            Distribution q = tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT);
            MemorySegment logits = toy.draftAfter(tree.token(DraftTree.ROOT));
            context.sampler().distribution(logits, q);
            Distribution likely = new Distribution();
            context.sampler().mostLikely(logits, 2, likely);
            tree.add(DraftTree.ROOT, likely.token(0));
            tree.add(DraftTree.ROOT, likely.token(1));
        };
        assertThat(toy.zScore(SAMPLED, TEXTS, new Rejection()::next, wrong, 1)).isGreaterThan(40);
    }

    @Test
    void childrenInAnotherOrderThanDrawnAreFound() {
        Toy.Drafting wrong = context -> tree -> {
            Distribution q = tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT);
            context.sampler().distribution(toy.draftAfter(tree.token(DraftTree.ROOT)), q);
            Distribution left = new Distribution();
            left.copy(q);
            int first = context.sampler().draw(left);
            left.remove(first);
            int second = context.sampler().draw(left);
            tree.add(DraftTree.ROOT, Math.min(first, second));
            tree.add(DraftTree.ROOT, Math.max(first, second));
        };
        assertThat(toy.zScore(SAMPLED, TEXTS, new Rejection()::next, wrong, 1)).isGreaterThan(40);
    }

    @Test
    void typicalAcceptanceIsLossyAndSaysSo() {
        TypicalAcceptance typical = new TypicalAcceptance();
        assertThat(typical.isLossless()).isFalse();
        assertThat(toy.zScore(SAMPLED, TEXTS, typical::next, chain(toy), 2)).isGreaterThan(40);
        assertThatThrownBy(() -> new TypicalAcceptance(0.1, 2))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("both must be above 0 and at most 1");
    }

    /** p is (0.5, 0.3, 0.2) after each node: all bars are at 0.09, and a path of two beats a likelier one of one. */
    @Test
    void typicalAcceptanceTakesTheLongestPath() {
        MemorySegment row = Arena.ofAuto().allocate(12, 64);
        double[] p = {0.5, 0.3, 0.2};
        for (int i = 0; i < 3; i++) {
            row.setAtIndex(JAVA_FLOAT, i, (float) Math.log(p[i]));
        }
        DraftTree tree = new DraftTree();
        tree.begin(0, 4, 16, _ -> false);
        tree.add(DraftTree.ROOT, 0);
        tree.add(tree.add(DraftTree.ROOT, 2), 0);
        tree.add(tree.add(DraftTree.ROOT, 1), 0);
        Sampler sampler = new Sampler(SAMPLED, 3);
        sampler.history().begin(new int[] {0});
        TypicalAcceptance typical = new TypicalAcceptance();
        Distribution spare = new Distribution();
        assertThat(typical.next(tree, DraftTree.ROOT, _ -> row, sampler, spare)).isEqualTo(1);
        assertThat(typical.next(tree, tree.child(DraftTree.ROOT, 1), _ -> row, sampler, spare))
                .isZero();
        assertThat(sampler.history().size()).isEqualTo(3);
        assertThat(sampler.draws()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aChainKeepsTheDistribution(long seed) {
        assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new Rejection()::next, chain(toy), 2))
                .isLessThan(4);
        assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new Rejection()::next, chain(toy), 4))
                .isLessThan(4);
    }

    @Test
    void processorsAndPenaltiesOfThePathCount() {
        Toy wide = new Toy(6, 5);
        SamplingSettings settings = SAMPLED.withTemperature(0.7)
                .withTopP(0.9)
                .withPresencePenalty(0.8)
                .withFrequencyPenalty(0.5)
                .withRepetitionPenalty(1.3, 2);
        assertThat(wide.zScore(settings, TEXTS, new Rejection()::next, chain(wide), 3))
                .isLessThan(4);
        assertThat(wide.zScore(settings, TEXTS, new SampleAndMatch()::next, chain(wide), 3))
                .isLessThan(4);
    }

    @Test
    void blockEfficiencyIsThatOfTheFormula() {
        Toy even = Toy.withoutMemory(6, 3);
        double a = even.overlap(SAMPLED);
        assertThat(a).isBetween(0.3, 0.9);
        for (int g : new int[] {1, 3, 7}) {
            double expected = (1 - Math.pow(a, g + 1)) / (1 - a);
            assertThat(even.blockEfficiency(SAMPLED, 50_000, new Rejection()::next, chain(even), g))
                    .isCloseTo(expected, within(0.03 * expected));
        }
    }

    /** At equal length: siblings that are all different beat those that may be equal, and these beat none. */
    @Test
    void siblingsWithoutReplacementAreWorthMost() {
        double[] efficiencies = Stream.of(
                        tree(Drawing.WITHOUT_REPLACEMENT, 2, 2), tree(Drawing.WITH_REPLACEMENT, 2, 2), new Chain())
                .mapToDouble(shape -> toy.blockEfficiency(SAMPLED, TEXTS, new Rejection()::next, shaped(toy, shape), 2))
                .toArray();
        assertThat(efficiencies[0]).isGreaterThan(efficiencies[1] + 0.02);
        assertThat(efficiencies[1]).isGreaterThan(efficiencies[2] + 0.02);
    }

    /** Two levels of two nodes lie between a chain of two and two levels of two and four; three and three beat these. */
    @Test
    void aStochasticBeamMakesMoreOfItsNodes() {
        double[] efficiencies = Stream.of(
                        new StochasticBeam(3, 2),
                        tree(Drawing.WITHOUT_REPLACEMENT, 2, 2),
                        new StochasticBeam(2, 2),
                        new Chain())
                .mapToDouble(shape -> toy.blockEfficiency(SAMPLED, TEXTS, new Rejection()::next, shaped(toy, shape), 2))
                .toArray();
        assertThat(efficiencies[0]).isGreaterThan(efficiencies[1] + 0.02);
        assertThat(efficiencies[1]).isGreaterThan(efficiencies[2] + 0.02);
        assertThat(efficiencies[2]).isGreaterThan(efficiencies[3] + 0.02);
    }

    @Test
    void drawingFromTheTargetInsteadOfTheResidualIsFound() {
        Toy.Rule wrong = (tree, node, logits, sampler, spare) -> {
            Distribution p = sampler.distribution(logits.after(node));
            int child = tree.firstChild(node);
            boolean accepted = child != DraftTree.NONE
                    && sampler.uniform() * tree.draft(node).probability(tree.token(child))
                            < p.probability(tree.token(child));
            int token = accepted ? tree.token(child) : sampler.draw(p);
            sampler.take(token, p);
            return token;
        };
        assertThat(toy.zScore(SAMPLED, TEXTS, wrong, chain(toy), 2)).isGreaterThan(40);
    }

    @Test
    void lenienceIsLossyAndSaysSo() {
        Rejection lenient = new Rejection(0.5);
        assertThat(lenient.isLossless()).isFalse();
        assertThat(new Rejection().isLossless()).isTrue();
        assertThat(toy.zScore(SAMPLED, TEXTS, lenient::next, chain(toy), 2)).isGreaterThan(40);
        assertThatThrownBy(() -> new Rejection(0))
                .isInstanceOf(DemoticException.class)
                .hasMessage("lenience is 0.0, but must be above 0 and at most 1");
    }

    @Test
    void aDraftLikeTheTargetIsAlwaysAccepted() {
        Sampler sampler = new Sampler(SAMPLED.withTemperature(0.8).withTopK(3), 4);
        DraftTree tree = new DraftTree();
        Distribution spare = new Distribution();
        for (int i = 0; i < 10_000; i++) {
            sampler.history().begin(new int[] {i % 4});
            tree.begin(i % 4, 1, 8, _ -> false);
            Distribution q = tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT);
            sampler.distribution(toy.draftAfter(i % 4), q);
            int drawn = sampler.draw(q);
            tree.add(DraftTree.ROOT, drawn);
            NodeLogits same = _ -> toy.draftAfter(tree.token(DraftTree.ROOT));
            assertThat(new Rejection().next(tree, DraftTree.ROOT, same, sampler, spare))
                    .isEqualTo(drawn);
        }
    }
}
