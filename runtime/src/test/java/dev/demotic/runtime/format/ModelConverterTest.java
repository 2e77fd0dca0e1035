package dev.demotic.runtime.format;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelConverterTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void writesEveryRecipe(QuantizationRecipe recipe) {
        MemoryModel model = MemoryModel.transformer(2, 256, true);
        Path out = folder.resolve("model.gguf");
        assertThat(convert(model, out, recipe).fallbacks()).isEmpty();
        try (GgufFile file = GgufFile.open(out)) {
            assertThat(file.metadata().string("general.architecture")).isEqualTo("llama");
            assertThat(file.metadata().integer("general.file_type")).isEqualTo(recipe.fileType());
            assertThat(file.metadata().integer("general.quantization_version")).isEqualTo(2);
            assertThat(file.tensors().keySet())
                    .containsExactlyElementsOf(model.tensors().keySet());
            for (Tensor tensor : file.tensors().values()) {
                Tensor original = requireNonNull(model.tensors().get(tensor.name()));
                assertThat(tensor.shape()).isEqualTo(original.shape());
                assertThat(tensor.type()).isEqualTo(recipe.wanted(original, model));
                assertThat(floats(tensor)).isEqualTo(rounded(floats(original), tensor.type()));
            }
        }
    }

    /** More than one batch of slices, and no whole slice at the end. */
    @Test
    void convertsLargeTensorsInPieces() {
        long rows = (64 << 16) / 256 + 300;
        MemoryModel model = new MemoryModel().gaussian("large.weight", 256, rows);
        Path out = folder.resolve("model.gguf");
        convert(model, out, QuantizationRecipe.Q8_0);
        try (GgufFile file = GgufFile.open(out)) {
            float[] expected = rounded(floats(requireNonNull(model.tensors().get("large.weight"))), TensorType.Q8_0);
            assertThat(floats(requireNonNull(file.tensors().get("large.weight"))))
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsEveryType(TensorType type) {
        MemoryModel model = new MemoryModel().add("t.weight", type, values(512), 256, 2);
        Path out = folder.resolve("model.gguf");
        convert(model, out, QuantizationRecipe.F32);
        try (GgufFile file = GgufFile.open(out)) {
            assertThat(floats(requireNonNull(file.tensors().get("t.weight"))))
                    .isEqualTo(floats(requireNonNull(model.tensors().get("t.weight"))));
        }
    }

    @Test
    void keepsTheBitsOfWhatHasItsTypeAlready() {
        MemoryModel model = new MemoryModel().gaussian("output.weight", 256, 4);
        Path once = folder.resolve("once.gguf");
        Path twice = folder.resolve("twice.gguf");
        convert(model, once, QuantizationRecipe.Q6_K);
        try (GgufFile file = GgufFile.open(once)) {
            convert(file, twice, QuantizationRecipe.Q6_K);
        }
        assertThat(twice).hasSameBinaryContentAs(once);
    }

    @Test
    void quantizesAFileOntoItself() {
        Path path = folder.resolve("model.gguf");
        convert(MemoryModel.transformer(1, 256, true), path, QuantizationRecipe.F16);
        try (GgufFile file = GgufFile.open(path)) {
            convert(file, path, QuantizationRecipe.Q4_0);
            assertThat(floats(requireNonNull(file.tensors().get("blk.0.attn_q.weight"))))
                    .hasSize(256 * 256);
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(requireNonNull(file.tensors().get("blk.0.attn_q.weight")).type())
                    .isEqualTo(TensorType.Q4_0);
        }
    }

    @Test
    void saysWhichTensorsFellBack() {
        MemoryModel model = new MemoryModel()
                .gaussian("blk.0.attn_q.weight", 96, 2)
                .gaussian("blk.0.attn_k.weight", 33, 2)
                .gaussian("blk.0.ffn_up.weight", 256, 2);
        assertThat(convert(model, folder.resolve("model.gguf"), QuantizationRecipe.Q4_K_S)
                        .fallbacks())
                .containsExactly(
                        new ModelConverter.Fallback("blk.0.attn_q.weight", TensorType.Q4_K, TensorType.Q5_0),
                        new ModelConverter.Fallback("blk.0.attn_k.weight", TensorType.Q4_K, TensorType.F16));
    }

    @Test
    void countsBytesByType() {
        Path out = folder.resolve("model.gguf");
        convert(MemoryModel.transformer(1, 256, false), out, QuantizationRecipe.Q4_0);
        try (GgufFile file = GgufFile.open(out)) {
            assertThat(file.tensors().values().stream()
                            .collect(Collectors.groupingBy(Tensor::type, Collectors.summingLong(Tensor::byteSize))))
                    .isEqualTo(Map.of(
                            TensorType.F32, 256L * 4,
                            TensorType.Q4_0, 7 * 256L * 8 * 18,
                            TensorType.Q6_K, 256L * 210));
        }
    }

    @Test
    void reportsProgressUpToTheTotal() {
        MemoryModel model = MemoryModel.transformer(1, 256, true);
        List<String> tensors = new ArrayList<>();
        List<Long> done = new ArrayList<>();
        ModelConverter.Result result = ModelConverter.convert(
                model, folder.resolve("model.gguf"), QuantizationRecipe.Q8_0, (tensor, bytes, total) -> {
                    tensors.add(tensor);
                    done.add(bytes);
                    assertThat(bytes).isLessThanOrEqualTo(total);
                });
        assertThat(tensors).containsExactlyElementsOf(model.tensors().keySet());
        assertThat(done).isSorted().endsWith(result.bytes());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K_M", "Q6_K"})
    void refusesWeightsThatAreNoNumbers(QuantizationRecipe recipe) {
        for (float damaged : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] values = values(512);
            values[256 + 7] = damaged;
            refused(recipe, values, "holds " + damaged + " in row 1, column 7");
        }
    }

    @Test
    void refusesWeightsTooLargeForTheType() {
        float[] values = values(512);
        values[3] = 70000;
        refused(QuantizationRecipe.F16, values, "holds 70000.0 in row 0, column 3, too large for F16");
        refused(QuantizationRecipe.Q4_K_S, values, "too large for Q4_K");
        values[3] = Float.MAX_VALUE;
        refused(QuantizationRecipe.BF16, values, "too large for BF16");
    }

    private void refused(QuantizationRecipe recipe, float[] values, String message) {
        MemoryModel model = new MemoryModel().add("blk.0.attn_q.weight", TensorType.F32, values, 256, 2);
        Path out = folder.resolve("model.gguf");
        assertThatThrownBy(() -> convert(model, out, recipe))
                .isInstanceOf(DemoticException.class)
                .hasMessageStartingWith("tensor blk.0.attn_q.weight of memory ")
                .hasMessageContaining(message);
        assertThat(folder).isEmptyDirectory();
    }

    private static ModelConverter.Result convert(ModelSource model, Path out, QuantizationRecipe recipe) {
        return ModelConverter.convert(model, out, recipe, ModelConverter.Progress.SILENT);
    }

    private static float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(i);
        }
        return values;
    }

    private static float[] floats(Tensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        tensor.type().dequantize(tensor.data(), 0, values, 0, values.length);
        return values;
    }

    private static float[] rounded(float[] values, TensorType type) {
        MemoryModel model = new MemoryModel().add("t", type, values, values.length);
        return floats(requireNonNull(model.tensors().get("t")));
    }
}
