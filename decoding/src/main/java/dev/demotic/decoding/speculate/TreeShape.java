package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;

/** How a draft branches, whatever gives the probabilities. Holds nothing of a reply. */
public interface TreeShape {
    /**
     * Grows a tree.
     *
     * @param tree just begun; limits depth and size
     * @param predictor has caught up with the history
     * @param context the reply; its sampler's history may be extended
     */
    void grow(DraftTree tree, Predictor predictor, Drafter.Context context);

    /**
     * Evaluates the nodes of a tree from {@code first} on, when all of its nodes are candidates: node n of the tree is candidate
     * n - 1 of the predictor.
     *
     * @return false if there was no room for them
     */
    static boolean evaluate(DraftTree tree, int first, Predictor predictor) {
        for (int node = first; node < tree.size(); node++) {
            predictor.candidates().add(tree.token(node), tree.parent(node) - 1);
        }
        return predictor.evaluate();
    }

    /** @throws DemoticException if a tree has more nodes, the pending token included, than a pass may have */
    static void requireRoom(long nodes) {
        if (nodes > SpeculativeDecoding.MAX_NODES) {
            throw new DemoticException(
                    "a draft tree of %,d nodes is larger than the %d that a pass may have; make it narrower or flatter"
                            .formatted(nodes, SpeculativeDecoding.MAX_NODES));
        }
    }
}
