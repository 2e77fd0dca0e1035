package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;

/**
 * Decides which token comes after a node of the draft, given what the target says there.
 *
 * <p>At temperature 0 all rules but {@link Rollback} are one, the greedy one: the most likely token, and the child that holds it, if
 * any.
 */
public sealed interface AcceptanceRule permits Rejection, Rollback, SampleAndMatch, TypicalAcceptance {
    /** Whether what is emitted has exactly the target's distribution. */
    boolean isLossless();

    /**
     * The token that follows {@code node}. If a child holds it, the walk goes on there. The sampler's history gains the token.
     *
     * @param tree the draft; each node is asked about once, from the root down
     * @param logits of the target
     * @param sampler its history ends with the node's token
     * @param spare working memory
     */
    int next(DraftTree tree, int node, NodeLogits logits, Sampler sampler, Distribution spare);
}
