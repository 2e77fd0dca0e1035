package dev.demotic.runtime;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Models that contradict themselves end in one sentence, before anything runs. */
class BadModelTest {
    private static void assertRefused(Consumer<TinyModel> damage, String... parts) {
        TinyModel model = new TinyModel(TensorType.F32, 2, 3);
        damage.accept(model);
        assertThatThrownBy(() -> LanguageModel.open(model, ModelOptions.defaults()))
                .isInstanceOf(DemoticException.class)
                .message()
                .contains(parts)
                .doesNotContain("\n");
    }

    private static Consumer<TinyModel> with(String key, long value) {
        return model -> model.metadata().put(key, value);
    }

    @Test
    void unknownArchitecture() {
        assertRefused(
                model -> model.metadata().put("general.architecture", "mamba"),
                "does not know the architecture 'mamba'",
                "it runs llama");
    }

    @Test
    void missingTensor() {
        assertRefused(model -> model.tensors().remove("blk.1.ffn_up.weight"), "lacks the tensor blk.1.ffn_up.weight");
        assertRefused(model -> model.tensors().remove("token_embd.weight"), "lacks the tensor token_embd.weight");
    }

    @Test
    void wrongShape() {
        assertRefused(
                model -> {
                    Tensor tensor = Objects.requireNonNull(model.tensors().get("blk.0.attn_q.weight"));
                    long[] turned = {tensor.shape()[0] / 2, tensor.shape()[1] * 2};
                    model.tensors().put(tensor.name(), new Tensor(tensor.name(), tensor.type(), turned, tensor.data()));
                },
                "tensor blk.0.attn_q.weight has shape [128, 512]",
                "[256, 256]");
        assertRefused(with("llama.feed_forward_length", 128), "blk.0.ffn_gate.weight has shape");
    }

    @Test
    void numbersThatCannotBe() {
        assertRefused(with("llama.attention.head_count", 0), "llama.attention.head_count is 0");
        assertRefused(with("llama.attention.head_count_kv", 3), "4 query heads, 3 key heads");
        assertRefused(with("llama.block_count", 1L << 40), "llama.block_count is 1099511627776");
        assertRefused(with("llama.block_count", 3), "lacks the tensor blk.2.attn_norm.weight");
        assertRefused(with("llama.rope.dimension_count", 63), "llama.rope.dimension_count is 63");
        assertRefused(
                model -> model.metadata().put("llama.rope.scaling.type", "spiral"),
                "scales its rotary embedding by 'spiral'");
        assertRefused(
                model -> model.metadata()
                        .put(
                                "llama.context_length",
                                new Metadata.Value(Metadata.Type.STRING, Metadata.Type.STRING, "long")),
                "llama.context_length is not a number");
    }

    @Test
    void moreTokensThanEmbeddings() {
        TinyModel model = new TinyModel(TensorType.F32, 2);
        String[] tokens = new String[TinyModel.VOCABULARY + 1];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = "t" + i;
        }
        model.metadata()
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "gpt-2")
                .put("tokenizer.ggml.tokens", tokens)
                .put("tokenizer.ggml.merges", new String[0]);
        try (LanguageModel opened = LanguageModel.open(model, ModelOptions.defaults())) {
            assertThatThrownBy(opened::tokenizer)
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("a tokenizer of 97 tokens but embeddings for only 96");
        }
    }

    @Test
    void optionsThatCannotBe() {
        ModelOptions options = ModelOptions.defaults();
        for (ModelOptions bad :
                new ModelOptions[] {options.withContext(-1), options.withContext(4_096), options.withThreads(-1)}) {
            assertThatThrownBy(() -> LanguageModel.open(new TinyModel(TensorType.F32, 2), bad))
                    .isInstanceOf(DemoticException.class);
        }
    }
}
