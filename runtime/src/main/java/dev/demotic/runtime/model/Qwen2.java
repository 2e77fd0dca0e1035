package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/** Qwen2 and Qwen2.5 (Yang et al., 2024): biases on queries, keys and values. */
final class Qwen2 implements Architecture {
    @Override
    public Block block(Blueprint model, int layer) {
        Blueprint.Layer w = model.layer(layer);
        return new Block(
                w.norm("attn_norm"),
                new Block.Attention(
                        w.query(),
                        w.key(),
                        w.value(),
                        w.attentionOutput(),
                        null,
                        null,
                        model.rope(false),
                        model.attention(model.window(layer))),
                null,
                w.norm("ffn_norm"),
                w.gatedMlp(Activation.SILU),
                null);
    }
}
