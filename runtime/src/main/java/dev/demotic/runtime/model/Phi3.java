package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/** Phi-3 (Abdin et al., 2024): fused projections, and LongRoPE in the long-context variants. */
final class Phi3 implements Architecture {
    @Override
    public Block block(Blueprint model, int layer) {
        ModelConfig config = model.config();
        int queries = config.heads() * config.headDimension();
        int keys = config.kvHeads() * config.headDimension();
        Blueprint.Layer w = model.layer(layer);
        Blueprint.Fused qkv = w.fused("attn_qkv", queries + 2 * keys);
        int hidden = model.integer("feed_forward_length");
        Blueprint.Fused gateUp = w.fused("ffn_up", 2 * hidden);
        return new Block(
                w.norm("attn_norm"),
                new Block.Attention(
                        qkv.part(0, queries),
                        qkv.part(queries, keys),
                        qkv.part(queries + keys, keys),
                        w.attentionOutput(),
                        null,
                        null,
                        model.rope(false),
                        model.attention(model.window(layer))),
                null,
                w.norm("ffn_norm"),
                new Block.GatedMlp(
                        Activation.SILU,
                        gateUp.part(0, hidden).weights(),
                        gateUp.part(hidden, hidden).weights(),
                        w.matrix("ffn_down", config.width(), hidden)),
                null);
    }
}
