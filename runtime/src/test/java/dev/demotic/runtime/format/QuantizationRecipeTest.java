package dev.demotic.runtime.format;

import static dev.demotic.runtime.tensor.TensorType.F16;
import static dev.demotic.runtime.tensor.TensorType.F32;
import static dev.demotic.runtime.tensor.TensorType.Q2_K;
import static dev.demotic.runtime.tensor.TensorType.Q3_K;
import static dev.demotic.runtime.tensor.TensorType.Q4_0;
import static dev.demotic.runtime.tensor.TensorType.Q4_K;
import static dev.demotic.runtime.tensor.TensorType.Q5_0;
import static dev.demotic.runtime.tensor.TensorType.Q5_1;
import static dev.demotic.runtime.tensor.TensorType.Q5_K;
import static dev.demotic.runtime.tensor.TensorType.Q6_K;
import static dev.demotic.runtime.tensor.TensorType.Q8_0;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.TensorType;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QuantizationRecipeTest {
    private static final MemoryModel MODEL = MemoryModel.transformer(16, 2, false);
    private static final MemoryModel TIED = MemoryModel.transformer(1, 2, true);

    @Test
    void findsRecipesByName() {
        assertThat(QuantizationRecipe.of("q4_k_m")).isEqualTo(QuantizationRecipe.Q4_K_M);
        assertThat(QuantizationRecipe.of("Q3_K")).isEqualTo(QuantizationRecipe.Q3_K_M);
        assertThat(QuantizationRecipe.of("Q4_K")).isEqualTo(QuantizationRecipe.Q4_K_M);
        assertThat(QuantizationRecipe.of("Q5_K")).isEqualTo(QuantizationRecipe.Q5_K_M);
        assertThat(QuantizationRecipe.of("bf16").base()).isEqualTo(TensorType.BF16);
        assertThatThrownBy(() -> QuantizationRecipe.of("IQ4_XS"))
                .isInstanceOf(DemoticException.class)
                .hasMessageContainingAll("IQ4_XS", "Q8_0", "Q4_K_M");
    }

    @Test
    void keepsSmallWeightsInF32() {
        MemoryModel model = MemoryModel.transformer(1, 2, true)
                .gaussian("blk.0.ffn_gate_inp.weight", 2, 2)
                .gaussian("blk.0.ssm_conv1d.weight", 2, 2)
                .gaussian("blk.0.some_norm.weight", 2, 2)
                .gaussian("blk.0.attn_q.bias", 2);
        for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
            for (String name : new String[] {
                "attn_norm.weight", "ffn_gate_inp.weight", "ssm_conv1d.weight", "some_norm.weight", "attn_q.bias"
            }) {
                assertThat(type(recipe, model, "blk.0." + name)).isEqualTo(F32);
            }
        }
    }

    @Test
    void givesPlainRecipesOneType() {
        for (String recipe : new String[] {"F32", "F16", "BF16", "Q8_0"}) {
            for (String name : new String[] {"token_embd.weight", "output.weight", "blk.0.attn_v.weight"}) {
                assertThat(type(recipe, name)).isEqualTo(TensorType.valueOf(recipe));
            }
        }
    }

    @Test
    void givesTheOutputMoreBits() {
        for (String recipe : new String[] {"Q2_K", "Q3_K_S", "Q4_0", "Q4_K_M", "Q5_1", "Q6_K"}) {
            TensorType base = QuantizationRecipe.of(recipe).base();
            assertThat(type(recipe, "output.weight")).isEqualTo(Q6_K);
            assertThat(type(recipe, "token_embd.weight")).isEqualTo(base);
            assertThat(type(QuantizationRecipe.of(recipe), TIED, "token_embd.weight"))
                    .isEqualTo(Q6_K);
        }
        assertThat(type(QuantizationRecipe.Q8_0, TIED, "token_embd.weight")).isEqualTo(Q8_0);
    }

    @Test
    void mixesAsLlamaCppDoes() {
        // Layers 0, 1, 4, 7, 10, 13, 14 and 15 of 16 are the sensitive ones.
        int[] sensitive = {0, 1, 4, 7, 10, 13, 14, 15};
        assertThat(layers("Q4_K_M", "attn_v", Q6_K)).containsExactly(sensitive);
        assertThat(layers("Q4_K_M", "ffn_down", Q6_K)).containsExactly(sensitive);
        assertThat(layers("Q4_K_M", "ffn_down", Q4_K)).hasSize(8);
        assertThat(layers("Q4_K_M", "attn_q", Q4_K)).hasSize(16);
        assertThat(layers("Q4_K_M", "attn_output", Q4_K)).hasSize(16);
        assertThat(layers("Q5_K_M", "attn_v", Q6_K)).containsExactly(sensitive);
        assertThat(layers("Q4_K_S", "attn_v", Q5_K)).containsExactly(0, 1, 2, 3);
        assertThat(layers("Q4_K_S", "ffn_down", Q5_K)).containsExactly(0, 1);
        assertThat(layers("Q5_K_S", "ffn_down", Q5_K)).hasSize(16);
        assertThat(layers("Q3_K_M", "attn_v", Q5_K)).containsExactly(0, 1);
        assertThat(layers("Q3_K_M", "ffn_down", Q5_K)).containsExactly(0);
        assertThat(layers("Q3_K_M", "ffn_down", Q4_K)).hasSize(15);
        assertThat(layers("Q3_K_M", "attn_output", Q4_K)).hasSize(16);
        assertThat(layers("Q3_K_L", "attn_v", Q5_K)).hasSize(16);
        assertThat(layers("Q3_K_S", "attn_v", Q3_K)).hasSize(16);
        assertThat(layers("Q2_K", "attn_v", Q3_K)).hasSize(16);
        assertThat(layers("Q2_K", "ffn_down", Q3_K)).hasSize(16);
        assertThat(layers("Q2_K", "ffn_up", Q2_K)).hasSize(16);
    }

    @Test
    void spendsMoreOnAttentionWhereItIsASmallPart() {
        MemoryModel grouped = MemoryModel.transformer(2, 2, true);
        grouped.metadata().put("llama.attention.head_count", 32).put("llama.attention.head_count_kv", 8);
        assertThat(type(QuantizationRecipe.Q2_K, grouped, "blk.0.attn_v.weight"))
                .isEqualTo(Q4_K);

        MemoryModel experts = MemoryModel.transformer(2, 2, true);
        experts.metadata().put("llama.expert_count", 8);
        assertThat(type(QuantizationRecipe.Q4_K_M, experts, "blk.0.attn_k.weight"))
                .isEqualTo(Q8_0);
        assertThat(type(QuantizationRecipe.Q4_K_M, experts, "blk.0.attn_v.weight"))
                .isEqualTo(Q8_0);
        assertThat(type(QuantizationRecipe.Q4_K_M, experts, "blk.0.attn_output.weight"))
                .isEqualTo(Q5_K);
        experts.gaussian("blk.1.ffn_down_exps.weight", 2, 2, 8);
        assertThat(type(QuantizationRecipe.Q4_K_M, experts, "blk.1.ffn_down_exps.weight"))
                .isEqualTo(Q6_K);
    }

    @Test
    void fallsBackToBlocksThatFit() {
        assertThat(QuantizationRecipe.fitting(Q4_K, 512)).isEqualTo(Q4_K);
        assertThat(QuantizationRecipe.fitting(Q2_K, 96)).isEqualTo(Q4_0);
        assertThat(QuantizationRecipe.fitting(Q3_K, 96)).isEqualTo(Q4_0);
        assertThat(QuantizationRecipe.fitting(Q4_K, 96)).isEqualTo(Q5_0);
        assertThat(QuantizationRecipe.fitting(Q5_K, 96)).isEqualTo(Q5_1);
        assertThat(QuantizationRecipe.fitting(Q6_K, 96)).isEqualTo(Q8_0);
        assertThat(QuantizationRecipe.fitting(Q6_K, 33)).isEqualTo(F16);
        assertThat(QuantizationRecipe.fitting(Q8_0, 33)).isEqualTo(F16);
        assertThat(QuantizationRecipe.fitting(F32, 33)).isEqualTo(F32);
    }

    private static TensorType type(String recipe, String tensor) {
        return type(QuantizationRecipe.of(recipe), MODEL, tensor);
    }

    private static TensorType type(QuantizationRecipe recipe, MemoryModel model, String tensor) {
        return recipe.wanted(requireNonNull(model.tensors().get(tensor)), model);
    }

    private static int[] layers(String recipe, String weight, TensorType type) {
        return IntStream.range(0, 16)
                .filter(layer -> type(recipe, "blk." + layer + "." + weight + ".weight") == type)
                .toArray();
    }
}
