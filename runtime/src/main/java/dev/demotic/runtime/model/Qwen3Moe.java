package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Activation;

/** Qwen3-MoE (Yang et al., 2025): Qwen3's attention with experts in most layers. */
final class Qwen3Moe implements Architecture {
    @Override
    public Block block(Blueprint model, int layer) {
        boolean normalized = model.flag("expert_weights_norm", true);
        return Qwen3.block(model, layer, model.layer(layer).feedForward(Activation.SILU, normalized));
    }
}
