package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/** Gemma 3 (Gemma Team, 2025): five windowed layers to one that sees all, each kind with rotary frequencies of its own. */
final class Gemma3 implements Architecture {
    /** Layers of the 27B model, the one whose queries are not scaled by their head's dimension. */
    private static final int LAYERS_OF_27B = 62;

    @Override
    public float embeddingScale(Blueprint model) {
        return (float) Math.sqrt(model.config().width());
    }

    @Override
    public Block block(Blueprint model, int layer) {
        ModelConfig config = model.config();
        int scaled = config.layers() == LAYERS_OF_27B ? config.width() / config.heads() : config.headDimension();
        int window = model.alternatingWindow(layer, 6, 1024);
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
                        window == 0 ? model.rope(false) : model.plainRope(model.number("rope.freq_base_swa", 10_000)),
                        model.attention(
                                window,
                                model.number("attention.scale", (float) (1 / Math.sqrt(scaled))),
                                model.number("attn_logit_softcapping", 0))),
                w.norm("post_attention_norm"),
                w.norm("ffn_norm"),
                w.gatedMlp(Activation.GELU_TANH),
                w.norm("post_ffw_norm"));
    }
}
