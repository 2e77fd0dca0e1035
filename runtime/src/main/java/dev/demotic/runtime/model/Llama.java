package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/**
 * Llama 2 and 3 (Touvron et al., 2023; Grattafiori et al., 2024), and what GGUF files under the same name: Mistral with its
 * sliding window (Jiang et al., 2023) and Mixtral with its experts (Jiang et al., 2024).
 */
final class Llama implements Architecture {
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
                        model.rope(true),
                        model.attention(model.window(layer))),
                null,
                w.norm("ffn_norm"),
                w.feedForward(Activation.SILU, true),
                null);
    }
}
