package dev.demotic.runtime.format.huggingface;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Which tensors a model of each family is made of, and under which names GGUF knows them. */
final class WeightMap {
    private final ModelConfig config;
    private final Weights weights;
    private final Family family;
    private final long hidden;
    private final long queryRows;
    private final long keyRows;

    private WeightMap(ModelConfig config, Weights weights) {
        this.config = config;
        this.weights = weights;
        this.family = config.family();
        this.hidden = config.hiddenSize();
        this.queryRows = (long) config.heads() * config.headWidth();
        this.keyRows = (long) config.keyValueHeads() * config.headWidth();
    }

    /**
     * Gathers all tensors of the model.
     *
     * @throws dev.demotic.runtime.DemoticException if one is missing, left over, or of another shape or type than expected
     */
    static void gather(ModelConfig config, Weights weights) {
        new WeightMap(config, weights).gather();
    }

    private void gather() {
        // Bare models have no prefix; multimodal ones keep their text model under a name of its own.
        String body = Stream.of("model.", "model.language_model.", "language_model.model.", "")
                .filter(prefix -> weights.has(prefix + "embed_tokens.weight"))
                .findFirst()
                .orElse("model.");
        String head = body.startsWith("language_model.") ? "language_model.lm_head.weight" : "lm_head.weight";
        config.ropeScaling().factors().forEach(weights::computed);
        weights.view("token_embd.weight", body + "embed_tokens.weight", config.vocabularySize(), hidden);
        for (int layer = 0; layer < config.layers(); layer++) {
            layer("blk." + layer + ".", body + "layers." + layer + ".", config.hasExperts(layer));
        }
        norm("output_norm.weight", body + "norm.weight", hidden);
        if (!config.hasTiedEmbeddings()) {
            weights.view("output.weight", head, config.vocabularySize(), hidden);
        }
    }

    private void layer(String gguf, String name, boolean hasExperts) {
        norm(gguf + "attn_norm.weight", name + "input_layernorm.weight", hidden);
        attention(gguf, name + "self_attn.");
        if (family.isGemma()) {
            norm(gguf + "post_attention_norm.weight", name + "post_attention_layernorm.weight", hidden);
            norm(gguf + "ffn_norm.weight", name + "pre_feedforward_layernorm.weight", hidden);
            norm(gguf + "post_ffw_norm.weight", name + "post_feedforward_layernorm.weight", hidden);
        } else {
            norm(gguf + "ffn_norm.weight", name + "post_attention_layernorm.weight", hidden);
        }
        if (hasExperts) {
            experts(gguf, name);
        } else {
            feedForward(gguf, name + "mlp.");
        }
        weights.rejectUnused(name, family.modelType);
    }

    private void norm(String gguf, String name, long width) {
        if (family.isGemma()) {
            weights.shiftedNorm(gguf, name, width);
        } else {
            weights.view(gguf, name, width);
        }
    }

    private void attention(String gguf, String name) {
        if (family == Family.PHI3) {
            weights.view(gguf + "attn_qkv.weight", name + "qkv_proj.weight", queryRows + 2 * keyRows, hidden);
        } else {
            rotated(gguf + "attn_q.weight", name + "q_proj.weight", config.heads(), queryRows, hidden);
            rotated(gguf + "attn_k.weight", name + "k_proj.weight", config.keyValueHeads(), keyRows, hidden);
            weights.view(gguf + "attn_v.weight", name + "v_proj.weight", keyRows, hidden);
        }
        if (config.hasAttentionBias()) {
            rotated(gguf + "attn_q.bias", name + "q_proj.bias", config.heads(), queryRows);
            rotated(gguf + "attn_k.bias", name + "k_proj.bias", config.keyValueHeads(), keyRows);
            weights.view(gguf + "attn_v.bias", name + "v_proj.bias", keyRows);
        }
        if (family == Family.QWEN3 || family == Family.QWEN3_MOE || family == Family.GEMMA3) {
            norm(gguf + "attn_q_norm.weight", name + "q_norm.weight", config.headWidth());
            norm(gguf + "attn_k_norm.weight", name + "k_norm.weight", config.headWidth());
        }
        weights.view(gguf + "attn_output.weight", name + "o_proj.weight", hidden, queryRows);
        if (config.hasOutputBias()) {
            weights.view(gguf + "attn_output.bias", name + "o_proj.bias", hidden);
        }
    }

    /** Rows that rotary embedding turns: GGUF's llama models pair neighbours, all others the halves of a head. */
    private void rotated(String gguf, String name, int heads, long... shape) {
        if (family.architecture.equals("llama")) {
            weights.interleaved(gguf, name, heads, shape);
        } else {
            weights.view(gguf, name, shape);
        }
    }

    private void feedForward(String gguf, String name) {
        long inner = config.intermediateSize();
        if (family == Family.PHI3) {
            weights.view(gguf + "ffn_up.weight", name + "gate_up_proj.weight", 2 * inner, hidden);
        } else {
            weights.view(gguf + "ffn_gate.weight", name + "gate_proj.weight", inner, hidden);
            weights.view(gguf + "ffn_up.weight", name + "up_proj.weight", inner, hidden);
        }
        weights.view(gguf + "ffn_down.weight", name + "down_proj.weight", hidden, inner);
    }

    private void experts(String gguf, String layer) {
        boolean isMixtral = weights.has(layer + "block_sparse_moe.gate.weight")
                || (family == Family.MIXTRAL && !weights.has(layer + "mlp.gate.weight"));
        String name = layer + (isMixtral ? "block_sparse_moe." : "mlp.");
        long experts = config.experts();
        long inner = config.expertIntermediateSize();
        weights.view(gguf + "ffn_gate_inp.weight", name + "gate.weight", experts, hidden);
        if (weights.has(name + "experts.gate_up_proj")) {
            weights.part(gguf + "ffn_gate_exps.weight", name + "experts.gate_up_proj", 0, 2, experts, inner, hidden);
            weights.part(gguf + "ffn_up_exps.weight", name + "experts.gate_up_proj", 1, 2, experts, inner, hidden);
            weights.view(gguf + "ffn_down_exps.weight", name + "experts.down_proj", experts, hidden, inner);
        } else {
            weights.stacked(gguf + "ffn_gate_exps.weight", each(name, isMixtral ? "w1" : "gate_proj"), inner, hidden);
            weights.stacked(gguf + "ffn_up_exps.weight", each(name, isMixtral ? "w3" : "up_proj"), inner, hidden);
            weights.stacked(gguf + "ffn_down_exps.weight", each(name, isMixtral ? "w2" : "down_proj"), hidden, inner);
        }
    }

    private List<String> each(String name, String matrix) {
        return IntStream.range(0, config.experts())
                .mapToObj(expert -> name + "experts." + expert + "." + matrix + ".weight")
                .toList();
    }
}
