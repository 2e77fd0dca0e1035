package dev.demotic.runtime.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of 2 layers, width 8, 4 heads of width 4 over 2 key-value heads, feed-forward 6, 4 tokens. */
class HuggingFaceFolderTest {
    private static final int LAYERS = 2;
    private static final int HEADS = 4;
    private static final int KEY_HEADS = 2;
    private static final int HEAD = 4;
    private static final int HIDDEN = 8;
    private static final int INNER = 6;
    private static final int VOCABULARY = 4;
    private static final int EXPERTS = 3;

    @TempDir
    Path path;

    private String dtype = "BF16";

    private static String config(String modelType, String more) {
        return """
               {"model_type": "%s", "hidden_size": 8, "intermediate_size": 6, "num_hidden_layers": 2,
                "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "vocab_size": 4,
                "max_position_embeddings": 64 %s}""".formatted(modelType, more.isEmpty() ? "" : ", " + more);
    }

    /** A folder without the tensors of attention and feed-forward. */
    private TinyFolder frame(String modelType, String more) {
        TinyFolder folder = new TinyFolder(path, dtype)
                .file("config.json", config(modelType, more))
                .tokenizer();
        folder.tensor("model.embed_tokens.weight", VOCABULARY, HIDDEN).tensor("model.norm.weight", HIDDEN);
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "input_layernorm.weight"), HIDDEN)
                    .tensor(name(layer, "post_attention_layernorm.weight"), HIDDEN);
        }
        return folder;
    }

    private static String name(int layer, String rest) {
        return "model.layers." + layer + "." + rest;
    }

    private static TinyFolder addAttention(TinyFolder folder) {
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "self_attn.q_proj.weight"), HEADS * HEAD, HIDDEN)
                    .tensor(name(layer, "self_attn.k_proj.weight"), KEY_HEADS * HEAD, HIDDEN)
                    .tensor(name(layer, "self_attn.v_proj.weight"), KEY_HEADS * HEAD, HIDDEN)
                    .tensor(name(layer, "self_attn.o_proj.weight"), HIDDEN, HEADS * HEAD);
        }
        return folder;
    }

    private static TinyFolder addBiases(TinyFolder folder) {
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "self_attn.q_proj.bias"), HEADS * HEAD)
                    .tensor(name(layer, "self_attn.k_proj.bias"), KEY_HEADS * HEAD)
                    .tensor(name(layer, "self_attn.v_proj.bias"), KEY_HEADS * HEAD);
        }
        return folder;
    }

    private static TinyFolder addHeadNorms(TinyFolder folder) {
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "self_attn.q_norm.weight"), HEAD)
                    .tensor(name(layer, "self_attn.k_norm.weight"), HEAD);
        }
        return folder;
    }

    private static TinyFolder addFeedForward(TinyFolder folder) {
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "mlp.gate_proj.weight"), INNER, HIDDEN)
                    .tensor(name(layer, "mlp.up_proj.weight"), INNER, HIDDEN)
                    .tensor(name(layer, "mlp.down_proj.weight"), HIDDEN, INNER);
        }
        return folder;
    }

    private static TinyFolder addHead(TinyFolder folder) {
        return folder.tensor("lm_head.weight", VOCABULARY, HIDDEN);
    }

    private TinyFolder llama(String more) {
        return addHead(addFeedForward(addAttention(frame("llama", more))));
    }

    private static float[] values(Tensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.type()) {
                case F32 -> tensor.data().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
                case F16 -> Float.float16ToFloat(tensor.data().getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
                default -> Float.intBitsToFloat(tensor.data().getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i) << 16);
            };
        }
        return values;
    }

    private static Tensor tensor(HuggingFaceFolder model, String name) {
        assertThat(model.tensors()).containsKey(name);
        return Objects.requireNonNull(model.tensors().get(name));
    }

    private static float[] stored(TinyFolder folder, String name) {
        return Objects.requireNonNull(folder.weights.get(name)).values();
    }

    private void assertSame(TinyFolder folder, HuggingFaceFolder model, String gguf, String name) {
        Tensor tensor = tensor(model, gguf);
        long[] shape = Objects.requireNonNull(folder.weights.get(name)).shape();
        assertThat(tensor.type()).isEqualTo(TensorType.valueOf(dtype));
        assertThat(tensor.shape()).as(gguf).isEqualTo(reversed(shape));
        assertThat(values(tensor)).as(gguf).isEqualTo(stored(folder, name));
    }

    private static long[] reversed(long[] shape) {
        return shape.length == 2 ? new long[] {shape[1], shape[0]} : shape;
    }

    /** What llama.cpp's converter does: reshape(heads, 2, width / 2, columns), swap axes 1 and 2. */
    private static float[] interleaved(float[] rows, int heads, int columns) {
        float[] result = new float[rows.length];
        int out = 0;
        for (int head = 0; head < heads; head++) {
            for (int pair = 0; pair < HEAD / 2; pair++) {
                for (int half = 0; half < 2; half++) {
                    for (int column = 0; column < columns; column++) {
                        result[out++] = rows[((head * 2 + half) * (HEAD / 2) + pair) * columns + column];
                    }
                }
            }
        }
        return result;
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void namesAndInterleavesLlama(String dtype) {
        this.dtype = dtype;
        TinyFolder folder = addBiases(llama("\"attention_bias\": true"));
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "self_attn.o_proj.bias"), HIDDEN);
        }
        folder.tensor(name(0, "self_attn.rotary_emb.inv_freq"), 2).save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertSame(folder, model, "token_embd.weight", "model.embed_tokens.weight");
            assertSame(folder, model, "output_norm.weight", "model.norm.weight");
            assertSame(folder, model, "output.weight", "lm_head.weight");
            for (int layer = 0; layer < LAYERS; layer++) {
                String blk = "blk." + layer + ".";
                assertSame(folder, model, blk + "attn_norm.weight", name(layer, "input_layernorm.weight"));
                assertSame(folder, model, blk + "ffn_norm.weight", name(layer, "post_attention_layernorm.weight"));
                assertSame(folder, model, blk + "attn_v.weight", name(layer, "self_attn.v_proj.weight"));
                assertSame(folder, model, blk + "attn_v.bias", name(layer, "self_attn.v_proj.bias"));
                assertSame(folder, model, blk + "attn_output.weight", name(layer, "self_attn.o_proj.weight"));
                assertSame(folder, model, blk + "attn_output.bias", name(layer, "self_attn.o_proj.bias"));
                assertSame(folder, model, blk + "ffn_gate.weight", name(layer, "mlp.gate_proj.weight"));
                assertSame(folder, model, blk + "ffn_up.weight", name(layer, "mlp.up_proj.weight"));
                assertSame(folder, model, blk + "ffn_down.weight", name(layer, "mlp.down_proj.weight"));
                assertThat(values(tensor(model, blk + "attn_q.weight")))
                        .isEqualTo(interleaved(stored(folder, name(layer, "self_attn.q_proj.weight")), HEADS, HIDDEN));
                assertThat(values(tensor(model, blk + "attn_k.weight")))
                        .isEqualTo(
                                interleaved(stored(folder, name(layer, "self_attn.k_proj.weight")), KEY_HEADS, HIDDEN));
                assertThat(values(tensor(model, blk + "attn_q.bias")))
                        .isEqualTo(interleaved(stored(folder, name(layer, "self_attn.q_proj.bias")), HEADS, 1));
                assertThat(tensor(model, blk + "attn_q.weight").shape()).containsExactly(HIDDEN, HEADS * HEAD);
            }
            assertThat(model.tensors()).hasSize(3 + LAYERS * 13);
            assertThat(model.bytesInMemory())
                    .isEqualTo(model.tensors().values().stream()
                            .filter(tensor -> tensor.name().matches(".*attn_[qk]\\..*"))
                            .mapToLong(Tensor::byteSize)
                            .sum())
                    .isPositive();
            Metadata metadata = model.metadata();
            assertThat(metadata.string("general.architecture")).isEqualTo("llama");
            assertThat(metadata.integer("general.file_type"))
                    .isEqualTo(Map.of("F32", 0, "F16", 1, "BF16", 32).get(dtype));
            assertThat(metadata.integer("llama.block_count")).isEqualTo(LAYERS);
            assertThat(metadata.integer("llama.attention.head_count_kv")).isEqualTo(KEY_HEADS);
            assertThat(metadata.integer("llama.rope.dimension_count")).isEqualTo(HEAD);
            assertThat(metadata.number("llama.attention.layer_norm_rms_epsilon"))
                    .isEqualTo(1e-6f);
            assertThat(metadata.number("llama.rope.freq_base")).isEqualTo(10_000);
            assertThat(metadata.has("llama.attention.sliding_window")).isFalse();
        }
    }

    @Test
    void readsShardsAndFailsOnUseAfterClose() {
        TinyFolder folder = llama("").saveSharded(3);
        HuggingFaceFolder model = HuggingFaceFolder.open(path);
        assertSame(folder, model, "token_embd.weight", "model.embed_tokens.weight");
        Tensor made = tensor(model, "blk.0.attn_q.weight");
        assertThat(made.byteSize()).isEqualTo(2L * HIDDEN * HEADS * HEAD);
        assertThat(made.data()).isSameAs(made.data());
        model.close();
        assertThatThrownBy(() -> made.data().get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void tiesEmbeddingsWhereAskedTo() {
        llama("\"tie_word_embeddings\": true").save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertThat(model.tensors()).doesNotContainKey("output.weight");
        }
    }

    @Test
    void givesMistralItsWindow() {
        addHead(addFeedForward(addAttention(frame("mistral", "\"sliding_window\": 16"))))
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertThat(model.metadata().string("general.architecture")).isEqualTo("llama");
            assertThat(model.metadata().integer("llama.attention.sliding_window"))
                    .isEqualTo(16);
        }
        new TinyFolder(path, dtype).file("config.json", config("mistral", "\"sliding_window\": null"));
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertThat(model.metadata().has("llama.attention.sliding_window")).isFalse();
        }
        new TinyFolder(path, dtype).file("config.json", config("mistral", ""));
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertThat(model.metadata().integer("llama.attention.sliding_window"))
                    .isEqualTo(4096);
        }
    }

    private void addMixtralExperts(TinyFolder folder, boolean matrixByMatrix) {
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "block_sparse_moe.gate.weight"), EXPERTS, HIDDEN);
            for (int i = 0; i < 3 * EXPERTS; i++) {
                int expert = matrixByMatrix ? i % EXPERTS : i / 3;
                int matrix = 1 + (matrixByMatrix ? i / EXPERTS : i % 3);
                folder.tensor(
                        name(layer, "block_sparse_moe.experts." + expert + ".w" + matrix + ".weight"),
                        matrix == 2 ? HIDDEN : INNER,
                        matrix == 2 ? INNER : HIDDEN);
            }
        }
    }

    private static float[] stacked(TinyFolder folder, String before, String after) {
        float[] all = new float[EXPERTS * INNER * HIDDEN];
        for (int expert = 0; expert < EXPERTS; expert++) {
            float[] one = stored(folder, before + expert + after);
            System.arraycopy(one, 0, all, expert * one.length, one.length);
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stacksMixtralsExperts(boolean matrixByMatrix) {
        TinyFolder folder = addAttention(frame("mixtral", "\"num_local_experts\": 3"));
        addMixtralExperts(folder, matrixByMatrix);
        addHead(folder).save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            for (int layer = 0; layer < LAYERS; layer++) {
                String blk = "blk." + layer + ".";
                String experts = name(layer, "block_sparse_moe.experts.");
                assertSame(folder, model, blk + "ffn_gate_inp.weight", name(layer, "block_sparse_moe.gate.weight"));
                assertThat(values(tensor(model, blk + "ffn_gate_exps.weight")))
                        .isEqualTo(stacked(folder, experts, ".w1.weight"));
                assertThat(values(tensor(model, blk + "ffn_up_exps.weight")))
                        .isEqualTo(stacked(folder, experts, ".w3.weight"));
                assertThat(values(tensor(model, blk + "ffn_down_exps.weight")))
                        .isEqualTo(stacked(folder, experts, ".w2.weight"));
                assertThat(tensor(model, blk + "ffn_down_exps.weight").shape()).containsExactly(INNER, HIDDEN, EXPERTS);
            }
            assertThat(model.metadata().integer("llama.expert_count")).isEqualTo(EXPERTS);
            assertThat(model.metadata().integer("llama.expert_used_count")).isEqualTo(2);
            assertThat(model.metadata().number("llama.rope.freq_base")).isEqualTo(1_000_000);
            assertThat(model.metadata().number("llama.attention.layer_norm_rms_epsilon"))
                    .isEqualTo(1e-5f);
        }
    }

    @Test
    void splitsFusedExperts() {
        TinyFolder folder = addHeadNorms(
                addAttention(
                        frame(
                                "qwen3_moe",
                                "\"num_experts\": 3, \"num_experts_per_tok\": 2, \"moe_intermediate_size\": 6, \"norm_topk_prob\": true")));
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "mlp.gate.weight"), EXPERTS, HIDDEN)
                    .tensor(name(layer, "mlp.experts.gate_up_proj"), EXPERTS, 2 * INNER, HIDDEN)
                    .tensor(name(layer, "mlp.experts.down_proj"), EXPERTS, HIDDEN, INNER);
        }
        addHead(folder).save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            float[] fused = stored(folder, name(1, "mlp.experts.gate_up_proj"));
            float[] gate = values(tensor(model, "blk.1.ffn_gate_exps.weight"));
            float[] up = values(tensor(model, "blk.1.ffn_up_exps.weight"));
            int matrix = INNER * HIDDEN;
            for (int i = 0; i < EXPERTS * matrix; i++) {
                int at = i / matrix * 2 * matrix + i % matrix;
                assertThat(gate[i]).isEqualTo(fused[at]);
                assertThat(up[i]).isEqualTo(fused[at + matrix]);
            }
            assertThat(values(tensor(model, "blk.1.ffn_down_exps.weight")))
                    .isEqualTo(stored(folder, name(1, "mlp.experts.down_proj")));
            assertThat(tensor(model, "blk.1.ffn_up_exps.weight").shape()).containsExactly(HIDDEN, INNER, EXPERTS);
            assertSame(folder, model, "blk.0.attn_q.weight", name(0, "self_attn.q_proj.weight"));
            assertThat(model.metadata().flag("qwen3moe.expert_weights_norm", false))
                    .isTrue();
            assertThat(model.metadata().integer("qwen3moe.expert_feed_forward_length"))
                    .isEqualTo(INNER);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"mlp_only_layers\": [0]", "\"decoder_sparse_step\": 2"})
    void mixesDenseAndSparseLayers(String firstIsDense) {
        TinyFolder folder = addHeadNorms(addAttention(frame(
                "qwen3_moe",
                "\"num_local_experts\": 3, \"num_experts_per_tok\": 1, \"moe_intermediate_size\": 6, "
                        + firstIsDense)));
        folder.tensor(name(0, "mlp.gate_proj.weight"), INNER, HIDDEN)
                .tensor(name(0, "mlp.up_proj.weight"), INNER, HIDDEN)
                .tensor(name(0, "mlp.down_proj.weight"), HIDDEN, INNER)
                .tensor(name(1, "mlp.gate.weight"), EXPERTS, HIDDEN);
        for (int expert = 0; expert < EXPERTS; expert++) {
            String experts = name(1, "mlp.experts." + expert + ".");
            folder.tensor(experts + "gate_proj.weight", INNER, HIDDEN)
                    .tensor(experts + "up_proj.weight", INNER, HIDDEN)
                    .tensor(experts + "down_proj.weight", HIDDEN, INNER);
        }
        addHead(folder).save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertSame(folder, model, "blk.0.ffn_up.weight", name(0, "mlp.up_proj.weight"));
            assertThat(values(tensor(model, "blk.1.ffn_up_exps.weight")))
                    .isEqualTo(stacked(folder, name(1, "mlp.experts."), ".up_proj.weight"));
            assertThat(model.tensors()).doesNotContainKeys("blk.0.ffn_up_exps.weight", "blk.1.ffn_up.weight");
            assertThat(model.metadata().flag("qwen3moe.expert_weights_norm", true))
                    .isFalse();
        }
    }

    @Test
    void opensWeightsAlone() throws IOException {
        llama("").save();
        Files.delete(path.resolve("tokenizer.json"));
        Files.delete(path.resolve("tokenizer_config.json"));
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertThat(model.metadata().values().keySet()).noneMatch(key -> key.startsWith("tokenizer."));
        }
    }

    @Test
    void leavesQwensHalvesInPlace() {
        TinyFolder folder = addHead(addFeedForward(addBiases(addAttention(frame(
                        "qwen2", "\"use_sliding_window\": true, \"sliding_window\": 8, \"max_window_layers\": 1")))))
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertSame(folder, model, "blk.1.attn_q.weight", name(1, "self_attn.q_proj.weight"));
            assertSame(folder, model, "blk.1.attn_k.bias", name(1, "self_attn.k_proj.bias"));
            assertThat(model.metadata().integer("qwen2.attention.sliding_window"))
                    .isEqualTo(8);
            assertThat(model.metadata().integers("qwen2.attention.sliding_window_pattern"))
                    .containsExactly(0, 1);
        }
    }

    @Test
    void readsQwen3() {
        TinyFolder folder = addHead(addFeedForward(addHeadNorms(addAttention(frame("qwen3", "")))))
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertSame(folder, model, "blk.0.attn_q_norm.weight", name(0, "self_attn.q_norm.weight"));
            assertSame(folder, model, "blk.1.attn_k_norm.weight", name(1, "self_attn.k_norm.weight"));
            assertThat(model.metadata().has("qwen3.attention.sliding_window")).isFalse();
        }
    }

    private static TinyFolder addGemmaNorms(TinyFolder folder) {
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "pre_feedforward_layernorm.weight"), HIDDEN)
                    .tensor(name(layer, "post_feedforward_layernorm.weight"), HIDDEN);
        }
        return folder;
    }

    private static void assertShifted(TinyFolder folder, HuggingFaceFolder model, String gguf, String name) {
        Tensor tensor = tensor(model, gguf);
        float[] expected = stored(folder, name).clone();
        for (int i = 0; i < expected.length; i++) {
            expected[i] += 1;
        }
        assertThat(tensor.type()).isEqualTo(TensorType.F32);
        assertThat(values(tensor)).as(gguf).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void shiftsGemmasNorms(String dtype) {
        this.dtype = dtype;
        TinyFolder folder = addFeedForward(
                        addGemmaNorms(addAttention(frame("gemma2", "\"query_pre_attn_scalar\": 64"))))
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertShifted(folder, model, "output_norm.weight", "model.norm.weight");
            assertShifted(folder, model, "blk.0.attn_norm.weight", name(0, "input_layernorm.weight"));
            assertShifted(
                    folder, model, "blk.1.post_attention_norm.weight", name(1, "post_attention_layernorm.weight"));
            assertShifted(folder, model, "blk.1.ffn_norm.weight", name(1, "pre_feedforward_layernorm.weight"));
            assertShifted(folder, model, "blk.1.post_ffw_norm.weight", name(1, "post_feedforward_layernorm.weight"));
            assertThat(model.tensors()).doesNotContainKey("output.weight");
            Metadata metadata = model.metadata();
            assertThat(metadata.number("gemma2.attention.scale")).isEqualTo(0.125f);
            assertThat(metadata.number("gemma2.attn_logit_softcapping")).isEqualTo(50);
            assertThat(metadata.number("gemma2.final_logit_softcapping")).isEqualTo(30);
            assertThat(metadata.integer("gemma2.attention.sliding_window")).isEqualTo(4096);
            assertThat(metadata.integers("gemma2.attention.sliding_window_pattern"))
                    .containsExactly(2);
        }
    }

    @ParameterizedTest
    @CsvSource({"model.,lm_head", "language_model.model.,language_model.lm_head", "model.language_model.,lm_head"})
    void findsGemma3sTextModel(String prefix, String head) {
        TinyFolder folder = addFeedForward(addGemmaNorms(addHeadNorms(addAttention(frame("gemma3_text", "")))));
        Map<String, TinyFolder.Weight> renamed = new LinkedHashMap<>();
        folder.weights.forEach((name, weight) -> renamed.put(name.replaceFirst("^model\\.", prefix), weight));
        folder.weights.clear();
        folder.weights.putAll(renamed);
        folder.tensor(head + ".weight", VOCABULARY, HIDDEN).tensor("vision_tower.patch.weight", 3);
        folder.file(
                        "config.json",
                        "{\"model_type\": \"gemma3\", \"tie_word_embeddings\": false, \"text_config\": "
                                + config(
                                        "gemma3_text", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8.0}")
                                + "}")
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertShifted(folder, model, "blk.0.attn_q_norm.weight", prefix + "layers.0.self_attn.q_norm.weight");
            assertSame(folder, model, "output.weight", head + ".weight");
            Metadata metadata = model.metadata();
            assertThat(metadata.number("gemma3.rope.freq_base")).isEqualTo(1_000_000);
            assertThat(metadata.number("gemma3.rope.freq_base_swa")).isEqualTo(10_000);
            assertThat(metadata.string("gemma3.rope.scaling.type")).isEqualTo("linear");
            assertThat(metadata.number("gemma3.rope.scaling.factor")).isEqualTo(8);
            assertThat(metadata.integers("gemma3.attention.sliding_window_pattern"))
                    .containsExactly(6);
            assertThat(metadata.number("gemma3.attn_logit_softcapping")).isZero();
        }
    }

    @Test
    void readsTransformers5RopeParameters() {
        addFeedForward(addGemmaNorms(addHeadNorms(addAttention(frame("gemma3_text", """
                        "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 5,
                        "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 77.0},
                                            "sliding_attention": {"rope_type": "default", "rope_theta": 55.0}}""")))))
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            Metadata metadata = model.metadata();
            assertThat(metadata.number("gemma3.rope.freq_base")).isEqualTo(77);
            assertThat(metadata.number("gemma3.rope.freq_base_swa")).isEqualTo(55);
            assertThat(metadata.number("gemma3.rope.scaling.factor")).isEqualTo(4);
            assertThat(metadata.integer("gemma3.attention.sliding_window")).isEqualTo(5);
            assertThat(metadata.integers("gemma3.attention.sliding_window_pattern"))
                    .containsExactly(0, 1);
        }
    }

    private TinyFolder phi3(String more) {
        TinyFolder folder = frame("phi3", more);
        for (int layer = 0; layer < LAYERS; layer++) {
            folder.tensor(name(layer, "self_attn.qkv_proj.weight"), (HEADS + 2 * KEY_HEADS) * HEAD, HIDDEN)
                    .tensor(name(layer, "self_attn.o_proj.weight"), HIDDEN, HEADS * HEAD)
                    .tensor(name(layer, "mlp.gate_up_proj.weight"), 2 * INNER, HIDDEN)
                    .tensor(name(layer, "mlp.down_proj.weight"), HIDDEN, INNER);
        }
        return addHead(folder);
    }

    @Test
    void keepsPhi3Fused() {
        TinyFolder folder = phi3("""
                        "original_max_position_embeddings": 16,
                        "rope_scaling": {"type": "su", "short_factor": [1.0, 1.5], "long_factor": [2.0, 3.0]}""").save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertSame(folder, model, "blk.0.attn_qkv.weight", name(0, "self_attn.qkv_proj.weight"));
            assertSame(folder, model, "blk.1.ffn_up.weight", name(1, "mlp.gate_up_proj.weight"));
            assertThat(values(tensor(model, "rope_factors_short.weight"))).containsExactly(1, 1.5f);
            assertThat(values(tensor(model, "rope_factors_long.weight"))).containsExactly(2, 3);
            Metadata metadata = model.metadata();
            assertThat(metadata.string("phi3.rope.scaling.type")).isEqualTo("longrope");
            assertThat(metadata.integer("phi3.rope.scaling.original_context_length"))
                    .isEqualTo(16);
            assertThat(metadata.number("phi3.rope.scaling.attn_factor")).isEqualTo((float) Math.sqrt(1.5));
            assertThat(metadata.integer("phi3.attention.sliding_window")).isZero();
        }
    }

    @Test
    void turnsPartOfPhi3sHeads() {
        phi3("\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 9.0, \"partial_rotary_factor\": 0.5}")
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            assertThat(model.metadata().integer("phi3.rope.dimension_count")).isEqualTo(2);
            assertThat(model.metadata().number("phi3.rope.freq_base")).isEqualTo(9);
            assertThat(model.metadata().has("phi3.rope.scaling.type")).isFalse();
        }
    }

    @Test
    void computesLlama3sFrequencyFactors() {
        llama("""
                        "rope_theta": 500000.0,
                        "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                         "high_freq_factor": 4.0, "original_max_position_embeddings": 16}""").save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            // Wavelengths 2 pi and 2 pi sqrt(500000): 2.546 and 0.0036 turns in 16 positions.
            double smooth = (16 / (2 * Math.PI) - 1) / 3;
            float[] factors = values(tensor(model, "rope_freqs.weight"));
            assertThat(factors[0]).isCloseTo((float) (1 / ((1 - smooth) / 8 + smooth)), within(1e-6f));
            assertThat(factors[1]).isEqualTo(8);
            assertThat(model.metadata().has("llama.rope.scaling.type")).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                                          | 1.138629",
                ", \"attention_factor\": 0.7               | 0.7",
                ", \"mscale\": 2.0, \"mscale_all_dim\": 1.0 | 1.121751",
                ", \"mscale\": 2.0, \"mscale_all_dim\": 0   | 1.138629",
            })
    void readsYarn(@Nullable String more, float magnitude) {
        llama("\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 16"
                        + Objects.requireNonNullElse(more, "") + "}")
                .save();
        try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
            Metadata metadata = model.metadata();
            assertThat(metadata.string("llama.rope.scaling.type")).isEqualTo("yarn");
            assertThat(metadata.number("llama.rope.scaling.factor")).isEqualTo(4);
            assertThat(metadata.integer("llama.rope.scaling.original_context_length"))
                    .isEqualTo(16);
            assertThat(metadata.number("llama.rope.scaling.yarn_beta_fast")).isEqualTo(32);
            assertThat(metadata.number("llama.rope.scaling.yarn_attn_factor")).isCloseTo(magnitude, within(1e-6f));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gpt2    | \"x\": 1                                | describes a model of type gpt2, which Demotic does not run; it runs llama",
                "llama   | \"architectures\": [\"LlamaForSequenceClassification\"] | which predicts no text",
                "llama   | \"quantization_config\": {\"quant_method\": \"awq\"}    | already quantized (awq)",
                "llama   | \"hidden_act\": \"relu\"                | asks for hidden_act \"relu\", which Demotic does not support",
                "llama   | \"mlp_bias\": true                      | asks for mlp_bias true",
                "qwen3   | \"attention_bias\": true                | asks for attention_bias true",
                "gemma2  | \"use_bidirectional_attention\": true   | asks for use_bidirectional_attention true",
                "llama   | \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2} | asks for rope_scaling.type \"dynamic\"",
                "llama   | \"rope_scaling\": {\"type\": \"longrope\"}              | for llama models it knows linear, llama3 and yarn",
                "phi3    | \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2} | for phi3 models it knows longrope",
                "llama   | \"rope_scaling\": {\"type\": \"linear\"}                | leaves out rope_scaling.factor, which must be a number above zero",
                "llama   | \"rope_scaling\": {\"type\": \"linear\", \"factor\": 0} | rope_scaling.factor as 0, but it must be a number above zero",
                "llama   | \"rope_scaling\": 3                     | gives rope_scaling as 3, but it must be an object",
                "phi3    | \"rope_scaling\": {\"type\": \"su\", \"short_factor\": [1], \"long_factor\": [1, 2]} | a list of 2 numbers",
                "llama   | \"partial_rotary_factor\": 0.5          | partial_rotary_factor 0.5",
                "llama   | \"rms_norm_eps\": \"x\"                 | gives rms_norm_eps as \"x\", but it must be a number",
                "gemma2  | \"layer_types\": [\"full_attention\"]   | for each of the 2 layers",
                "mixtral | \"num_local_experts\": 1                | num_experts_per_tok",
            })
    void rejectsWhatItCannotHonour(String modelType, String more, String message) {
        frame(modelType, more).save();
        assertRejected(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"hidden_size\": 8         | \"hidden_size\": 0         | gives hidden_size as 0, but it must be a whole number",
                "\"hidden_size\": 8         | \"hidden_size\": 16        | has the shape [4, 8], but config.json asks for [4, 16]",
                "\"vocab_size\": 4          | \"vocab_size\": 1e99       | gives vocab_size as 1.0E99",
                "\"vocab_size\": 4          | \"vocab_size\": 200000000  | has the shape [4, 8], but config.json asks for [200000000, 8]",
                "\"head_dim\": 4            | \"head_dim\": 3            | but rotary embedding needs pairs",
                "\"head_dim\": 4            | \"head_dim\": 100000000    | a whole number from 1 to 65536",
                "\"num_hidden_layers\": 2   | \"num_hidden_layers\": 3   | holds no tensor model.layers.2.input_layernorm.weight",
                "\"num_hidden_layers\": 2   | \"num_hidden_layers\": 1e9 | a whole number from 1 to 10000",
                "\"num_key_value_heads\": 2 | \"num_key_value_heads\": 3 | shares 3 key-value heads among 4 attention heads",
                "\"num_key_value_heads\": 2 | \"num_key_value_heads\": null | has the shape [8, 8], but config.json asks for [16, 8]",
            })
    void rejectsSizesThatDoNotFit(String sizes, String wrong, String message) {
        llama("").file("config.json", config("llama", "").replace(sizes, wrong)).save();
        assertRejected(message);
    }

    @Test
    void namesMissingAndLeftOverTensors() {
        TinyFolder folder = llama("");
        folder.weights.remove("lm_head.weight");
        folder.save();
        assertRejected("holds no tensor lm_head.weight, which its config.json asks for");
        addBiases(addHead(folder)).save();
        assertRejected("tensor model.layers.0.self_attn.q_proj.bias in");
        folder.weights.clear();
        folder.tensor("wte", 4, 8).save();
        assertRejected("holds no tensor model.embed_tokens.weight");
    }

    @Test
    void rejectsOtherElementTypes() {
        TinyFolder folder = llama("");
        folder.weights.put("model.norm.weight", new TinyFolder.Weight("I16", new long[] {HIDDEN}, new float[HIDDEN]));
        folder.save();
        assertRejected("tensor model.norm.weight in " + path.resolve("model.safetensors") + " is stored as I16");
    }

    @Test
    void saysWhichFileIsMissing() throws Exception {
        assertThatThrownBy(() -> HuggingFaceFolder.open(path.resolve("none")))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("does not exist");
        assertThat(HuggingFaceFolder.isOne(path)).isFalse();
        assertRejected("config.json is missing");
        TinyFolder folder = llama("");
        assertThat(HuggingFaceFolder.isOne(path)).isTrue();
        assertRejected("holds neither model.safetensors nor");
        folder.save();
        Files.delete(path.resolve("tokenizer.json"));
        assertRejected("tokenizer.json is missing");
        Files.createFile(path.resolve("tokenizer.model"));
        assertRejected("holds tokenizer.model, but not the tokenizer.json");
        folder.file("config.json", "{");
        assertRejected("config.json is no valid JSON");
        Files.write(path.resolve("config.json"), new byte[] {'{', (byte) 0xff, '}'});
        assertRejected("config.json is no UTF-8 text");
    }

    @Test
    void survivesMutatedConfigs() throws Exception {
        llama("\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}, \"tie_word_embeddings\": false")
                .save();
        byte[] config = Files.readAllBytes(path.resolve("config.json"));
        Random random = new Random(5);
        int opened = 0;
        for (int round = 0; round < 300; round++) {
            byte[] mutated = config.clone();
            mutated[random.nextInt(config.length)] = config[random.nextInt(config.length)];
            Files.write(
                    path.resolve("config.json"),
                    random.nextInt(10) == 0 ? Arrays.copyOf(mutated, random.nextInt(mutated.length)) : mutated);
            try (HuggingFaceFolder model = HuggingFaceFolder.open(path)) {
                model.tensors().values().forEach(Tensor::data);
                opened++;
            } catch (DemoticException e) {
                assertThat(e).hasMessageContaining(path.toString());
            }
        }
        assertThat(opened).isBetween(1, 299);
    }

    private void assertRejected(String message) {
        assertThatThrownBy(() -> HuggingFaceFolder.open(path).close())
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }
}
