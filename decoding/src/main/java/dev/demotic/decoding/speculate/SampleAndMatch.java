package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;

/**
 * Draws the token as plain decoding would, and follows the child that holds it.
 *
 * <p>Exact whatever the draft is made of, and its draft distribution is never needed. Plain decoding with the same seed gives
 * the same tokens as long as the drafter takes nothing from the random stream. At temperature 0 this is the greedy walk.
 */
public record SampleAndMatch() implements AcceptanceRule {
    @Override
    public boolean isLossless() {
        return true;
    }

    @Override
    public int next(DraftTree tree, int node, NodeLogits logits, Sampler sampler, Distribution spare) {
        return sampler.next(logits.after(node));
    }
}
