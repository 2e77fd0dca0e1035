package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import java.util.Set;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** A config.json read with the defaults of its family; {@link #writeTo} gives it as GGUF metadata. */
final class ModelConfig {
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    /** Bounds on what is counted before the weights can contradict it. */
    private static final int MOST_LAYERS = 10_000;

    private static final int MOST_EXPERTS = 10_000;
    private static final int WIDEST_HEAD = 1 << 16;
    private static final int MOST_POSITIONS = 1 << 30;

    private final Family family;
    private final Config file;
    private final Config config;

    /**
     * @throws DemoticException if the model is of a kind that Demotic does not run
     */
    ModelConfig(Config file) {
        this.family = Family.of(file);
        this.file = file;
        this.config = file.string("model_type").orElse("").equals("gemma3") ? file.object("text_config") : file;
        rejectUnsupported();
    }

    private void rejectUnsupported() {
        for (Config level : new Config[] {file, config}) {
            if (level.has("quantization_config")) {
                throw new DemoticException(level.file() + " describes a checkpoint that is already quantized ("
                        + level.object("quantization_config")
                                .node("quant_method")
                                .asString("unknown method")
                        + "), which Demotic does not load; take the original checkpoint, or a GGUF file");
            }
        }
        String activation = family.isGemma() ? "hidden_activation" : "hidden_act";
        Set<String> known = family.isGemma() ? Set.of("gelu_pytorch_tanh", "gelu_new") : Set.of("silu", "swish");
        if (config.string(activation).filter(name -> !known.contains(name)).isPresent()) {
            throw config.unsupported(activation, "it runs " + family.modelType + " models with " + known);
        }
        rejectFlag("mlp_bias");
        rejectFlag("use_bidirectional_attention");
        if (family.isGemma() || family == Family.QWEN3 || family == Family.QWEN3_MOE) {
            rejectFlag("attention_bias");
        }
    }

    private void rejectFlag(String key) {
        if (config.flag(key, false)) {
            throw config.unsupported(key, "it runs " + family.modelType + " models without");
        }
    }

    Family family() {
        return family;
    }

    int vocabularySize() {
        return config.count("vocab_size", family.vocabularySize);
    }

    int hiddenSize() {
        return config.count("hidden_size", family.hiddenSize);
    }

    int intermediateSize() {
        return config.count("intermediate_size", family.intermediateSize);
    }

    int layers() {
        return config.whole("num_hidden_layers", family.layers, 1, MOST_LAYERS);
    }

    int heads() {
        return config.count("num_attention_heads", family.heads);
    }

    int keyValueHeads() {
        int otherwise =
                config.mentions("num_key_value_heads") || family.keyValueHeads == 0 ? heads() : family.keyValueHeads;
        int keyValueHeads = config.count("num_key_value_heads", otherwise);
        if (heads() % keyValueHeads != 0) {
            throw new DemoticException(config.file() + " shares " + keyValueHeads + " key-value heads among " + heads()
                    + " attention heads, which cannot be done evenly; fix num_key_value_heads");
        }
        return keyValueHeads;
    }

    int headWidth() {
        int otherwise = family.headWidth == 0 ? Math.max(1, hiddenSize() / heads()) : family.headWidth;
        return config.whole("head_dim", otherwise, 1, WIDEST_HEAD);
    }

    int contextLength() {
        return config.count("max_position_embeddings", family.contextLength);
    }

    boolean hasTiedEmbeddings() {
        boolean otherwise = file.flag("tie_word_embeddings", family.tiedEmbeddings);
        return config.flag("tie_word_embeddings", otherwise);
    }

    /** True if queries, keys and values have a bias. */
    boolean hasAttentionBias() {
        return family == Family.QWEN2 || hasOutputBias();
    }

    /** True if the attention output has one. */
    boolean hasOutputBias() {
        return family == Family.LLAMA && config.flag("attention_bias", false);
    }

    /** True if the layer has experts in place of one feed-forward network. */
    boolean hasExperts(int layer) {
        if (family != Family.QWEN3_MOE) {
            return family == Family.MIXTRAL;
        }
        for (JsonNode dense : config.node("mlp_only_layers")) {
            if (dense.asInt(-1) == layer) {
                return false;
            }
        }
        return (layer + 1) % config.count("decoder_sparse_step", 1) == 0;
    }

    int experts() {
        String key = config.has("num_local_experts") ? "num_local_experts" : "num_experts";
        return config.whole(key, family == Family.MIXTRAL ? 8 : 128, 1, MOST_EXPERTS);
    }

    int expertsUsed() {
        int used = config.count("num_experts_per_tok", family == Family.MIXTRAL ? 2 : 8);
        if (used > experts()) {
            throw config.misfit("num_experts_per_tok", "at most the number of experts, " + experts());
        }
        return used;
    }

    int expertIntermediateSize() {
        return family == Family.QWEN3_MOE ? config.count("moe_intermediate_size", 768) : intermediateSize();
    }

    RopeScaling ropeScaling() {
        int originalContext =
                config.count("original_max_position_embeddings", family == Family.PHI3 ? 4096 : contextLength());
        return RopeScaling.of(rope(), family, ropeBase(), ropeDimensions(), originalContext, contextLength());
    }

    /** The rotary settings of full attention: transformers 5's rope_parameters, or rope_scaling before. */
    private Config rope() {
        Config rope = config.has("rope_scaling") ? config.object("rope_scaling") : config.object("rope_parameters");
        if (family != Family.GEMMA3 && rope.has(SLIDING) && !rope.node(SLIDING).equals(rope.node(FULL))) {
            throw rope.unsupported(SLIDING, family.modelType + " models have the same rotary embedding in all layers");
        }
        return rope.has(FULL) || rope.has(SLIDING) ? rope.object(FULL) : rope;
    }

    private double ropeBase() {
        return rope().positive("rope_theta", config.positive("rope_theta", family.ropeBase));
    }

    /** The base of Gemma 3's sliding layers. */
    private double slidingRopeBase() {
        Config sliding = config.object("rope_parameters").object(SLIDING);
        if (!sliding.string("rope_type").orElse("default").equals("default")) {
            throw sliding.unsupported("rope_type", "it runs sliding layers without");
        }
        return sliding.positive("rope_theta", config.positive("rope_local_base_freq", 10_000));
    }

    private int ropeDimensions() {
        double share = rope().positive("partial_rotary_factor", config.positive("partial_rotary_factor", 1));
        if (share > 1 || (share < 1 && family != Family.PHI3)) {
            Config level = rope().has("partial_rotary_factor") ? rope() : config;
            throw level.unsupported("partial_rotary_factor", family.modelType + " models turn whole heads");
        }
        int dimensions = (int) (headWidth() * share);
        if (dimensions == 0 || dimensions % 2 != 0) {
            throw new DemoticException(config.file() + " turns " + dimensions
                    + " dimensions of each head, but rotary embedding needs pairs; fix head_dim");
        }
        return dimensions;
    }

    /** For each layer whether it sees only the sliding window. */
    private boolean[] slidingLayers() {
        boolean isQwen = family == Family.QWEN2 || family == Family.QWEN3 || family == Family.QWEN3_MOE;
        boolean[] sliding = new boolean[layers()];
        if (slidingWindow() == 0 || (isQwen && !config.flag("use_sliding_window", false))) {
            return sliding;
        }
        boolean mixes = family.isGemma() || family == Family.QWEN2 || family == Family.QWEN3;
        if (mixes && config.has("layer_types")) {
            return layerTypes();
        }
        int firstSliding = mixes ? config.whole("max_window_layers", 28, 0, MOST_LAYERS) : 0;
        int period = slidingPeriod();
        for (int layer = 0; layer < sliding.length; layer++) {
            sliding[layer] = family.isGemma() ? (layer + 1) % period != 0 : layer >= firstSliding;
        }
        return sliding;
    }

    private int slidingPeriod() {
        return family == Family.GEMMA3 ? config.count("sliding_window_pattern", 6) : 2;
    }

    private boolean[] layerTypes() {
        JsonNode types = config.node("layer_types");
        boolean[] sliding = new boolean[layers()];
        boolean isValid = types.isArray() && types.size() == sliding.length;
        for (int layer = 0; isValid && layer < sliding.length; layer++) {
            String type = types.get(layer).asString("");
            sliding[layer] = type.equals(SLIDING);
            isValid = type.equals(SLIDING) || type.equals(FULL);
        }
        if (!isValid) {
            throw config.misfit(
                    "layer_types",
                    "a list of " + FULL + " or " + SLIDING + " for each of the " + sliding.length + " layers");
        }
        return sliding;
    }

    /** Positions that sliding layers see, the current one included; 0 without a window. */
    private int slidingWindow() {
        if (family == Family.LLAMA) {
            return 0;
        }
        return config.mentions("sliding_window")
                ? config.whole("sliding_window", 0, 0, MOST_POSITIONS)
                : family.slidingWindow;
    }

    void writeTo(Metadata metadata) {
        String arch = family.architecture;
        metadata.put("general.architecture", arch)
                .put(arch + ".vocab_size", vocabularySize())
                .put(arch + ".context_length", contextLength())
                .put(arch + ".embedding_length", hiddenSize())
                .put(arch + ".block_count", layers())
                .put(arch + ".feed_forward_length", intermediateSize())
                .put(arch + ".attention.head_count", heads())
                .put(arch + ".attention.head_count_kv", keyValueHeads())
                .put(arch + ".attention.key_length", headWidth())
                .put(arch + ".attention.value_length", headWidth())
                .put(arch + ".attention.layer_norm_rms_epsilon", (float)
                        config.positive("rms_norm_eps", family.normEpsilon))
                .put(arch + ".rope.dimension_count", ropeDimensions())
                .put(arch + ".rope.freq_base", (float) ropeBase());
        ropeScaling().writeTo(metadata, arch);
        if (family.hasExperts()) {
            metadata.put(arch + ".expert_count", experts()).put(arch + ".expert_used_count", expertsUsed());
        }
        if (family == Family.QWEN3_MOE) {
            metadata.put(arch + ".expert_feed_forward_length", expertIntermediateSize())
                    .put(arch + ".expert_weights_norm", config.flag("norm_topk_prob", false));
        }
        writeSlidingWindow(metadata);
        if (family.isGemma()) {
            writeGemma(metadata);
        }
    }

    private void writeSlidingWindow(Metadata metadata) {
        String arch = family.architecture;
        boolean[] sliding = slidingLayers();
        long slidingCount =
                IntStream.range(0, sliding.length).filter(i -> sliding[i]).count();
        if (slidingCount == 0) {
            // Readers take a missing key for the window of the first Phi-3 models.
            if (family == Family.PHI3) {
                metadata.put(arch + ".attention.sliding_window", 0);
            }
            return;
        }
        metadata.put(arch + ".attention.sliding_window", slidingWindow());
        if (slidingCount == sliding.length && !family.isGemma()) {
            return;
        }
        String key = arch + ".attention.sliding_window_pattern";
        IntStream.concat(IntStream.of(family == Family.GEMMA3 ? 6 : 2), IntStream.rangeClosed(2, sliding.length))
                .filter(period -> IntStream.range(0, sliding.length)
                        .allMatch(layer -> sliding[layer] == ((layer + 1) % period != 0)))
                .findFirst()
                .ifPresentOrElse(
                        period -> metadata.put(key, period),
                        () -> metadata.put(key, new Metadata.Value(Metadata.Type.ARRAY, Metadata.Type.BOOL, sliding)));
    }

    private void writeGemma(Metadata metadata) {
        String arch = family.architecture;
        metadata.put(arch + ".attention.scale", (float) (1 / Math.sqrt(config.positive("query_pre_attn_scalar", 256))));
        if (family == Family.GEMMA3) {
            metadata.put(arch + ".rope.freq_base_swa", (float) slidingRopeBase());
        }
        metadata.put(arch + ".attn_logit_softcapping", (float) softCap("attn_logit_softcapping", 50));
        metadata.put(arch + ".final_logit_softcapping", (float) softCap("final_logit_softcapping", 30));
    }

    /** The bound of a soft cap; 0 without one. Gemma 2 has them unless its config.json says null. */
    private double softCap(String key, double gemma2) {
        return config.positive(key, family == Family.GEMMA2 && !config.mentions(key) ? gemma2 : 0);
    }
}
