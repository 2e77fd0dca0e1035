package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether a stochastic beam's paths are draws without replacement, jointly; {@link RejectionTest} has the rule that walks them. */
class StochasticBeamTest {
    private static final int VOCABULARY = 3;
    private static final int TREES = 200_000;
    private static final int TEXTS = 150_000;
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();

    private final Toy toy = new Toy(VOCABULARY, 4);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void pathsAreDrawsWithoutReplacement(int width) {
        for (long seed = 1; seed <= 3; seed++) {
            assertThat(zScoreOfPaths(new StochasticBeam(width, 2), width, seed)).isLessThan(4);
        }
    }

    @Test
    void anotherLawIsFound() {
        TreeShape childrenOfDifferentParents = new StaticTree(new int[] {2, 1}, Drawing.WITHOUT_REPLACEMENT);
        assertThat(zScoreOfPaths(childrenOfDifferentParents, 2, 1)).isGreaterThan(40);
    }

    /** Where a child stays for what it is, not for its score, the text is no longer the target's. */
    @Test
    void childrenThatStayForTheirProbabilityAreFound() {
        Toy wide = new Toy(6, 5);
        Toy.Drafting wrong = context -> tree -> {
            Sampler sampler = context.sampler();
            Distribution q = tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT);
            sampler.distribution(wide.draftAfter(tree.token(DraftTree.ROOT)), q);
            int first = sampler.draw(q);
            Distribution left = new Distribution();
            left.copy(q);
            left.remove(first);
            int second = sampler.draw(left);
            tree.add(DraftTree.ROOT, first);
            if (left.probability(second) > 0.3) {
                tree.add(DraftTree.ROOT, second);
            }
        };
        assertThat(wide.zScore(SAMPLED, TEXTS, new Rejection()::next, wrong, 1)).isGreaterThan(40);
    }

    @Test
    void siblingsInAnotherOrderThanDrawnAreFound() {
        StochasticBeam beam = new StochasticBeam(2, 1);
        Toy.Drafting wrong = context -> tree -> {
            DraftTree right = new DraftTree();
            right.begin(tree.token(DraftTree.ROOT), 1, 8, _ -> false);
            grow(beam, right, context);
            tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT).copy(right.draft(DraftTree.ROOT));
            IntStream.range(1, right.size()).map(right::token).sorted().forEach(x -> tree.add(DraftTree.ROOT, x));
        };
        assertThat(toy.zScore(SAMPLED, TEXTS, new Rejection()::next, wrong, 1)).isGreaterThan(40);
    }

    private void grow(TreeShape shape, DraftTree tree, Drafter.Context context) {
        try (Predictor predictor = toy.predictor()) {
            predictor.catchUp(context.sampler().history());
            shape.grow(tree, predictor, context);
        }
    }

    /** The leaves in the order in which they were kept, against the law of draws without replacement from all paths of two. */
    private double zScoreOfPaths(TreeShape shape, int width, long seed) {
        Sampler sampler = new Sampler(SAMPLED.withSeed(seed), VOCABULARY);
        double[] expected = new double[(int) Math.pow(VOCABULARY * VOCABULARY, width)];
        expect(pathProbabilities(sampler), new ArrayList<>(), width, 1, expected);
        int[] counts = new int[expected.length];
        DraftTree tree = new DraftTree();
        for (int i = 0; i < TREES; i++) {
            sampler.history().begin(new int[] {0});
            tree.begin(0, 2, 64, _ -> false);
            grow(shape, tree, toy.context(sampler, 2));
            int cell = 0;
            for (int node = 1; node < tree.size(); node++) {
                if (tree.depth(node) == 2) {
                    cell = cell * VOCABULARY * VOCABULARY + path(tree.token(tree.parent(node)), tree.token(node));
                }
            }
            counts[cell]++;
        }
        return Toy.zScore(counts, expected, TREES);
    }

    private static int path(int first, int second) {
        return first * VOCABULARY + second;
    }

    private double[] pathProbabilities(Sampler sampler) {
        double[] probabilities = new double[VOCABULARY * VOCABULARY];
        Distribution first = new Distribution();
        Distribution second = new Distribution();
        sampler.distribution(toy.draftAfter(0), first);
        for (int i = 0; i < first.size(); i++) {
            sampler.distribution(toy.draftAfter(first.token(i)), second);
            for (int j = 0; j < second.size(); j++) {
                probabilities[path(first.token(i), second.token(j))] = first.weight(i) * second.weight(j);
            }
        }
        return probabilities;
    }

    /** The chance of each ordered choice: a path's share of what those before it left. */
    private static void expect(double[] paths, List<Integer> drawn, int width, double chance, double[] into) {
        if (drawn.size() == width) {
            into[drawn.stream().reduce(0, (cell, path) -> cell * paths.length + path)] = chance;
            return;
        }
        double left = 1 - drawn.stream().mapToDouble(path -> paths[path]).sum();
        for (int path = 0; path < paths.length; path++) {
            if (!drawn.contains(path)) {
                List<Integer> more = new ArrayList<>(drawn);
                more.add(path);
                expect(paths, more, width, chance * paths[path] / left, into);
            }
        }
    }

    /** A beam of one is a chain, random numbers and all. */
    @Test
    void aBeamOfOneIsAChain() {
        for (long seed = 0; seed < 200; seed++) {
            List<List<Integer>> drafts = new ArrayList<>();
            for (TreeShape shape : List.of(new StochasticBeam(1, 6), new Chain())) {
                Sampler sampler = new Sampler(SAMPLED.withSeed(seed), VOCABULARY);
                sampler.history().begin(new int[] {0});
                DraftTree tree = new DraftTree();
                tree.begin(0, 6, 64, _ -> false);
                grow(shape, tree, toy.context(sampler, 6));
                drafts.add(IntStream.range(0, tree.size()).mapToObj(tree::token).toList());
                assertThat(sampler.draws()).isEqualTo(6);
            }
            assertThat(drafts.getFirst()).isEqualTo(drafts.getLast());
        }
    }

    /** At temperature 0, the paths are those of beam search: the most likely of those that the level before left. */
    @Test
    void withoutTemperatureItIsBeamSearch() {
        Toy wide = new Toy(6, 9);
        Sampler sampler = new Sampler(SamplingSettings.greedy(), 6);
        sampler.history().begin(new int[] {0});
        DraftTree tree = new DraftTree();
        tree.begin(0, 1, 64, _ -> false);
        try (Predictor predictor = wide.predictor()) {
            predictor.catchUp(sampler.history());
            new StochasticBeam(4, 3).grow(tree, predictor, wide.context(sampler, 3));
        }
        Distribution likely = new Distribution();
        sampler.mostLikely(wide.draftAfter(0), 4, likely);
        assertThat(IntStream.range(1, tree.size()).map(tree::token))
                .containsExactlyElementsOf(
                        IntStream.range(0, 4).mapToObj(likely::token).toList());
        assertThat(tree.drawing(DraftTree.ROOT)).isEqualTo(Drawing.POINT_MASS);
        assertThat(sampler.draws()).isZero();
    }
}
