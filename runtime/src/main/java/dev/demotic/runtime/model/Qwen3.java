package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/** Qwen3 (Yang et al., 2025): norms over each query and key head. */
final class Qwen3 implements Architecture {
    @Override
    public Block block(Blueprint model, int layer) {
        return block(model, layer, model.layer(layer).gatedMlp(Activation.SILU));
    }

    /** The block of both Qwen3 and its mixture-of-experts sibling. */
    static Block block(Blueprint model, int layer, Block.FeedForward feedForward) {
        Blueprint.Layer w = model.layer(layer);
        return new Block(
                w.norm("attn_norm"),
                new Block.Attention(
                        w.query(),
                        w.key(),
                        w.value(),
                        w.attentionOutput(),
                        w.headNorm("attn_q_norm"),
                        w.headNorm("attn_k_norm"),
                        model.rope(false),
                        model.attention(model.window(layer))),
                null,
                w.norm("ffn_norm"),
                feedForward,
                null);
    }
}
