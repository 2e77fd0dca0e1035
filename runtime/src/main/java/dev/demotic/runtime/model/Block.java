package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One decoder block: x += post(attention(norm(x))), then x += post(feedForward(norm(x))).
 *
 * @param attentionNorm gains of the norm before attention
 * @param attention the attention layer
 * @param postAttentionNorm gains of a norm on what attention adds, or null
 * @param feedForwardNorm gains of the norm before the feed-forward layer
 * @param feedForward the feed-forward layer
 * @param postFeedForwardNorm gains of a norm on what the feed-forward layer adds, or null
 */
record Block(
        Weights attentionNorm,
        Attention attention,
        @Nullable Weights postAttentionNorm,
        Weights feedForwardNorm,
        FeedForward feedForward,
        @Nullable Weights postFeedForwardNorm) {

    /** A matrix with an optional bias. */
    record Projection(Weights weights, @Nullable Weights bias) {}

    /**
     * Grouped-query attention (Ainslie et al., 2023) with rotary positions.
     *
     * @param queryNorm gains of a norm over each query head, or null
     * @param keyNorm gains of a norm over each key head, or null
     */
    record Attention(
            Projection query,
            Projection key,
            Projection value,
            Projection output,
            @Nullable Weights queryNorm,
            @Nullable Weights keyNorm,
            RopeTable rope,
            AttentionShape shape) {}

    sealed interface FeedForward permits GatedMlp, MixtureOfExperts {}

    /** down · (activation(gate · x) * (up · x)) (Shazeer, GLU variants, 2020). */
    record GatedMlp(Activation activation, Weights gate, Weights up, Weights down) implements FeedForward {}

    /**
     * The weighted sum of the {@code used} experts that a router scores highest (Shazeer et al., 2017).
     *
     * @param normalized whether the chosen experts' weights are scaled to sum to one
     */
    record MixtureOfExperts(Weights router, List<GatedMlp> experts, int used, boolean normalized)
            implements FeedForward {}
}
