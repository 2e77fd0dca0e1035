package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;

/**
 * A tree of fixed shape: each node of a level has the same number of children, and a level takes one pass of the predictor.
 *
 * <p>X. Miao et al., "SpecInfer", ASPLOS 2024, arXiv 2305.09781 (siblings drawn with replacement, or the top-k); W. Jeon et al.,
 * "Recursive Speculative Decoding", 2024, arXiv 2402.14160 (RSD-C, siblings drawn without replacement). At temperature 0 siblings are the
 * top-k in any case. The paper draws siblings by Gumbel-top-k; drawing one after the other from what is left has the same law and
 * takes one random number a sibling instead of one a token.
 *
 * @param branching children of each node of level 0, 1, ...; the draft length may cut it short
 * @param drawing how siblings are drawn at a temperature above 0
 */
@SuppressWarnings("ArrayRecordComponent")
public record StaticTree(int[] branching, Drawing drawing) implements TreeShape {
    public StaticTree {
        long nodes = 1;
        long level = 1;
        for (int children : branching) {
            if (children < 1) {
                throw new DemoticException("a draft tree branches into " + children + ", but must into 1 or more");
            }
            level = Math.min(level * children, Integer.MAX_VALUE);
            nodes += level;
        }
        TreeShape.requireRoom(nodes);
        branching = branching.clone();
    }

    @Override
    public void grow(DraftTree tree, Predictor predictor, Drafter.Context context) {
        Sampler sampler = context.sampler();
        TokenHistory history = sampler.history();
        int length = history.size();
        Distribution spare = new Distribution();
        int levels = Math.min(branching.length, tree.maxDepth());
        int first = DraftTree.ROOT;
        for (int level = 0; level < levels; level++) {
            // Node n of the tree is candidate n - 1 of the predictor.
            int end = tree.size();
            for (int node = first; node < end; node++) {
                if (tree.mayGrow(node) && !isCopy(tree, node)) {
                    predictor.enter(node - 1, history, length);
                    branch(tree, node, branching[level], predictor.after(node - 1), sampler, spare);
                }
            }
            if (tree.size() == end || level + 1 == levels || !TreeShape.evaluate(tree, end, predictor)) {
                return;
            }
            first = end;
        }
    }

    /** Whether an earlier sibling, which draws with replacement may have given, holds the same token. */
    private static boolean isCopy(DraftTree tree, int node) {
        return node != DraftTree.ROOT && tree.child(tree.parent(node), tree.token(node)) != node;
    }

    private void branch(
            DraftTree tree, int node, int children, MemorySegment logits, Sampler sampler, Distribution left) {
        if (sampler.settings().isGreedy() || drawing == Drawing.POINT_MASS) {
            sampler.mostLikely(logits, children, left);
            for (int i = 0; i < left.size(); i++) {
                tree.add(node, left.token(i));
            }
            return;
        }
        Distribution q = tree.draw(node, drawing);
        sampler.distribution(logits, q);
        left.copy(q);
        for (int i = 0; i < children && tree.mayGrow(node); i++) {
            int token = sampler.draw(left);
            tree.add(node, token);
            if (drawing == Drawing.WITHOUT_REPLACEMENT && !left.remove(token)) {
                return;
            }
        }
    }
}
