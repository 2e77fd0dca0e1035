package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Heads;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One decoder block: x += post(attention(norm(x))), then x += post(feedForward(norm(x))).
 *
 * @param attentionNorm the norm before attention
 * @param attention the attention layer
 * @param postAttentionNorm a norm on what attention adds, or null
 * @param feedForwardNorm the norm before the feed-forward layer
 * @param feedForward the feed-forward layer
 * @param postFeedForwardNorm a norm on what the feed-forward layer adds, or null
 */
record Block(
        Norm attentionNorm,
        Attention attention,
        @Nullable Norm postAttentionNorm,
        Norm feedForwardNorm,
        FeedForward feedForward,
        @Nullable Norm postFeedForwardNorm) {

    /**
     * Grouped-query attention (Ainslie et al., 2023) with rotary positions.
     *
     * @param inputs the projections of queries, keys and values
     */
    record Attention(List<Projection> inputs, Projection output, Heads heads) {
        Attention(
                Projection query,
                Projection key,
                Projection value,
                Projection output,
                @Nullable Norm queryNorm,
                @Nullable Norm keyNorm,
                RopeTable rope,
                AttentionShape shape) {
            this(List.of(query, key, value), output, new Heads(shape, rope, queryNorm, keyNorm));
        }
    }

    sealed interface FeedForward permits GatedMlp, MixtureOfExperts {}

    /** down · (activation(gate · x) * (up · x)) (Shazeer, GLU variants, 2020). */
    record GatedMlp(Activation activation, List<Projection> gateAndUp, Projection down) implements FeedForward {
        GatedMlp(Activation activation, Weights gate, Weights up, Weights down) {
            this(activation, List.of(new Projection(gate, null), new Projection(up, null)), new Projection(down, null));
        }

        /** Floats between the two halves of the layer. */
        int hidden() {
            return down.weights().columns();
        }
    }

    /**
     * The weighted sum of the {@code used} experts that a router scores highest (Shazeer et al., 2017).
     *
     * @param router the only one in its list
     * @param normalized whether the chosen experts' weights are scaled to sum to one
     */
    record MixtureOfExperts(List<Projection> router, List<GatedMlp> experts, int used, boolean normalized)
            implements FeedForward {}
}
