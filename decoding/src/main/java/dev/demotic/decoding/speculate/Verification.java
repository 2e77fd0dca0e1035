package dev.demotic.decoding.speculate;

import dev.demotic.runtime.Outputs;

/**
 * A round that is over, as drafters and policies see it.
 *
 * @param tree what was proposed, and perhaps nothing but the root
 * @param outputs what the target put out for every node of it, rejected ones too: logits, and the captures that the drafter
 *     asked for
 * @param last the last node that came true; the root if none did
 * @param draftNanos what the draft took
 * @param targetNanos what the target's pass took
 */
public record Verification(DraftTree tree, Outputs outputs, int last, long draftNanos, long targetNanos) {
    /** Drafted tokens that came true. */
    public int accepted() {
        return tree.depth(last);
    }
}
