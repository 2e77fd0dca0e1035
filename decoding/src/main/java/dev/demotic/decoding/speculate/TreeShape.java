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

    /** @throws DemoticException if a tree has more nodes, the pending token included, than a pass may have */
    static void requireRoom(long nodes) {
        if (nodes > SpeculativeDecoding.MAX_NODES) {
            throw new DemoticException(
                    "a draft tree of %,d nodes is larger than the %d that a pass may have; make it narrower or flatter"
                            .formatted(nodes, SpeculativeDecoding.MAX_NODES));
        }
    }
}
