package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.TokenTree;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A tree that grows where the drafter is confident.
 *
 * <p>Y. Li et al., "EAGLE-2: Faster Inference of Language Models with Dynamic Draft Trees", 2024, arXiv 2406.16858. A node's score is the sum of
 * the draft's log probabilities along its path. Each level expands the best nodes of the one before, and in the end the best of
 * all nodes are verified: scores fall along paths, so these are a tree. Chosen, not drawn: point masses.
 *
 * @param width how many nodes a level expands, and the children of each
 * @param nodes how many are verified, without the pending token
 */
public record DynamicTree(int width, int nodes) implements TreeShape {
    public DynamicTree {
        if (width < 1 || nodes < 1) {
            throw new DemoticException(
                    "a draft tree with width %d and %d nodes is empty; both must be 1 or more".formatted(width, nodes));
        }
        TreeShape.requireRoom(nodes + 1L);
    }

    /**
     * A node that may come to be verified.
     *
     * @param parent its parent among all scored nodes; -1 for the pending token
     * @param score log probability of its path
     */
    private record Scored(int token, int parent, int depth, double score) {}

    @Override
    public void grow(DraftTree tree, Predictor predictor, Drafter.Context context) {
        Sampler sampler = context.sampler();
        List<Scored> all = new ArrayList<>();
        int length = sampler.history().size();
        expand(all, -1, TokenTree.ROOT, predictor, sampler);
        List<Integer> level = best(all, 0, width);
        int[] candidates = {};
        for (int depth = 1; depth < tree.maxDepth() && !level.isEmpty(); depth++) {
            candidates = java.util.Arrays.copyOf(candidates, all.size());
            for (int node : level) {
                Scored scored = all.get(node);
                int parent = scored.parent() < 0 ? TokenTree.ROOT : candidates[scored.parent()];
                candidates[node] = predictor.candidates().add(scored.token(), parent);
            }
            if (!predictor.evaluate()) {
                break;
            }
            int generated = all.size();
            for (int node : level) {
                predictor.enter(candidates[node], sampler.history(), length);
                expand(all, node, candidates[node], predictor, sampler);
            }
            level = best(all, generated, width);
        }
        verify(tree, all);
    }

    private void expand(List<Scored> all, int parent, int candidate, Predictor predictor, Sampler sampler) {
        Distribution likely = new Distribution();
        sampler.mostLikely(predictor.after(candidate), width, likely);
        int depth = parent < 0 ? 1 : all.get(parent).depth() + 1;
        double score = parent < 0 ? 0 : all.get(parent).score();
        for (int i = 0; i < likely.size(); i++) {
            all.add(new Scored(likely.token(i), parent, depth, score + Math.log(likely.weight(i))));
        }
    }

    /** The best of the nodes from {@code from} on, in the order of their numbers; of equals the first. */
    private static List<Integer> best(List<Scored> all, int from, int count) {
        return IntStream.range(from, all.size())
                .boxed()
                .sorted(Comparator.comparingDouble(node -> -all.get(node).score()))
                .limit(count)
                .sorted()
                .toList();
    }

    private void verify(DraftTree tree, List<Scored> all) {
        int[] inTree = new int[all.size()];
        for (int node : best(all, 0, nodes)) {
            Scored scored = all.get(node);
            int parent = scored.parent() < 0 ? DraftTree.ROOT : inTree[scored.parent()];
            inTree[node] = parent == DraftTree.NONE ? DraftTree.NONE : tree.add(parent, scored.token());
        }
    }
}
