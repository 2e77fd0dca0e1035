package dev.demotic.runtime.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.Zoo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZooFolderTest {
    @ParameterizedTest
    @CsvSource({"tiny, 2, 128, 16384, qwen2", "foreign, 4, 256, 8192, gpt-2"})
    void opensTrainedModels(String name, int layers, int width, int vocabulary, String preTokenizer) {
        try (HuggingFaceFolder model = HuggingFaceFolder.open(Zoo.model(name))) {
            Metadata metadata = model.metadata();
            assertThat(metadata.string("general.architecture")).isEqualTo("llama");
            assertThat(metadata.string("general.name")).isEqualTo(name);
            assertThat(metadata.integer("llama.block_count")).isEqualTo(layers);
            assertThat(metadata.integer("llama.embedding_length")).isEqualTo(width);
            assertThat(metadata.string("tokenizer.ggml.pre")).isEqualTo(preTokenizer);
            assertThat(metadata.strings("tokenizer.ggml.tokens"))
                    .hasSize(vocabulary)
                    .doesNotContainNull();
            assertThat(metadata.integer("tokenizer.ggml.eos_token_id")).isEqualTo(2);
            assertThat(metadata.flag("tokenizer.ggml.add_bos_token", true)).isFalse();
            assertThat(metadata.has("tokenizer.ggml.bos_token_id")).isFalse();
            assertThat(metadata.string("tokenizer.chat_template")).contains("<|im_start|>");
            assertThat(model.tensors()).hasSize(2 + 9 * layers);
            assertThat(model.tensors().values()).allSatisfy(tensor -> {
                assertThat(tensor.type()).isEqualTo(TensorType.BF16);
                assertThat(tensor.data().byteSize()).isEqualTo(tensor.byteSize());
            });
        }
    }
}
