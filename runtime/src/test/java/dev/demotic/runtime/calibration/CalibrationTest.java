package dev.demotic.runtime.calibration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.format.GgufFile;
import dev.demotic.runtime.format.ModelConverter;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.runtime.format.QuantizationRecipe;
import dev.demotic.runtime.format.Rounding;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationTest {
    @TempDir
    private Path folder;

    /** On a text that was not calibrated with, though the embeddings, rounded plainly, make up most of what is left. */
    @Test
    void bringsLogitsNearerToTheFloatModel() {
        float[] expected = logits(model());
        double plain = distance(expected, logits(GgufFile.open(written("plain.gguf", Rounding.NEAREST))));
        double calibrated = distance(expected, logits(GgufFile.open(written("calibrated.gguf", calibration()))));
        assertThat(calibrated).isLessThan(0.95 * plain);
    }

    @Test
    void writesTheSameFileEachTime() {
        assertThat(written("once.gguf", calibration())).hasSameBinaryContentAs(written("twice.gguf", calibration()));
    }

    /** All matrices of the blocks change, embeddings and output layer keep ggml's bits, and the file is plain Q8_0. */
    @Test
    void roundsTheBlocksMatricesOnly() {
        try (GgufFile plain = GgufFile.open(written("plain.gguf", Rounding.NEAREST));
                GgufFile calibrated = GgufFile.open(written("calibrated.gguf", calibration()))) {
            assertThat(calibrated.metadata().values().keySet())
                    .isEqualTo(plain.metadata().values().keySet());
            for (Tensor tensor : calibrated.tensors().values()) {
                Tensor other = requireNonNull(plain.tensors().get(tensor.name()));
                assertThat(tensor.type()).isEqualTo(other.type());
                boolean isInBlock = tensor.name().startsWith("blk.") && tensor.type() == TensorType.Q8_0;
                assertThat(tensor.data().mismatch(other.data()) >= 0)
                        .as(tensor.name())
                        .isEqualTo(isInBlock);
            }
        }
    }

    @Test
    void leavesOtherTypesAlone() {
        Path plain = folder.resolve("plain.gguf");
        Path calibrated = folder.resolve("calibrated.gguf");
        try (ModelSource source = model()) {
            convert(source, plain, QuantizationRecipe.Q4_K_S, Rounding.NEAREST);
            convert(source, calibrated, QuantizationRecipe.Q4_K_S, calibration());
        }
        assertThat(calibrated).hasSameBinaryContentAs(plain);
    }

    /** Each expert's matrix lies in one tensor with the others', and each sees the rows that chose it. */
    @Test
    void knowsTheExpertsOfAMixture() {
        Path mixtral = Path.of("src/test/resources/golden/mixtral");
        Calibration calibration = Calibration.of(ModelSources.open(mixtral), text(7, 1024, 256), _ -> {});
        try (ModelSource source = ModelSources.open(mixtral)) {
            Path out = folder.resolve("mixtral.gguf");
            convert(source, out, QuantizationRecipe.Q8_0, calibration);
            assertThat(calibration.knows(requireNonNull(source.tensors().get("blk.0.ffn_down_exps.weight"))))
                    .isTrue();
            assertThat(GgufFile.open(out).tensors()).hasSameSizeAs(source.tensors());
        }
    }

    @Test
    void reportsProgressUpToAll() {
        List<Double> shares = new ArrayList<>();
        Calibration.of(model(), text(1, 2 * TinyModel.CONTEXT + 5, TinyModel.VOCABULARY), shares::add);
        assertThat(shares).containsExactly(0.5, 1.0);
    }

    @Test
    void refusesAShortText() {
        assertThatThrownBy(() -> Calibration.of(model(), new int[TinyModel.CONTEXT - 1], _ -> {}))
                .isInstanceOf(DemoticException.class)
                .hasMessage("a text of 127 tokens is too short to calibrate with; give one of at least 128");
    }

    private static TinyModel model() {
        return new TinyModel(TensorType.F32, 1);
    }

    private static Calibration calibration() {
        return Calibration.of(model(), text(1, 8 * TinyModel.CONTEXT, TinyModel.VOCABULARY), _ -> {});
    }

    private Path written(String name, Rounding rounding) {
        Path out = folder.resolve(name);
        try (ModelSource source = model()) {
            convert(source, out, QuantizationRecipe.Q8_0, rounding);
        }
        return out;
    }

    private static void convert(ModelSource source, Path out, QuantizationRecipe recipe, Rounding rounding) {
        ModelConverter.convert(source, out, recipe, rounding, ModelConverter.Progress.SILENT);
    }

    private static int[] text(int seed, int count, int vocabulary) {
        return new Random(seed).ints(count, 0, vocabulary).toArray();
    }

    private static float[] logits(ModelSource source) {
        ModelOptions options = ModelOptions.defaults().withKernels("vector").withKvType(KvType.F32);
        try (LanguageModel model = LanguageModel.open(source, options);
                Sequence sequence = model.newSequence()) {
            int count = 100;
            Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(text(2, count, TinyModel.VOCABULARY))));
            float[] all = new float[count * TinyModel.VOCABULARY];
            for (int i = 0; i < count; i++) {
                float[] row = outputs.logits(i).toArray(ValueLayout.JAVA_FLOAT);
                System.arraycopy(row, 0, all, i * TinyModel.VOCABULARY, row.length);
            }
            return all;
        }
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (double) (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }
}
