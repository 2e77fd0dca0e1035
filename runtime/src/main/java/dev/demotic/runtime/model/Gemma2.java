package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/** Gemma 2 (Gemma Team, 2024): soft caps, windows in every other layer, norms before and after each sublayer. */
final class Gemma2 implements Architecture {
    /** Layers of the 27B model, the one whose queries are not scaled by their head's dimension. */
    private static final int LAYERS_OF_27B = 46;

    @Override
    public float embeddingScale(Blueprint model) {
        return (float) Math.sqrt(model.config().width());
    }

    @Override
    public Block block(Blueprint model, int layer) {
        ModelConfig config = model.config();
        int scaled = config.layers() == LAYERS_OF_27B ? config.width() / config.heads() : config.headDimension();
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
                        model.attention(
                                model.alternatingWindow(layer, 2, 4096),
                                model.number("attention.scale", (float) (1 / Math.sqrt(scaled))),
                                model.number("attn_logit_softcapping", 50))),
                w.norm("post_attention_norm"),
                w.norm("ffn_norm"),
                w.gatedMlp(Activation.GELU_TANH),
                w.norm("post_ffw_norm"));
    }
}
