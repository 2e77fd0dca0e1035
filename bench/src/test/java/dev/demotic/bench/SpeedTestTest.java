package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.bench.SpeedReport.Peak;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.tensor.TensorType;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** On random models; no figure is held to a time. */
class SpeedTestTest {
    private static final SpeedTest TEST = new SpeedTest(List.of(4, 16, 9_999), 3, List.of(1, 3), 5, 1);

    private static ModelShape shape(int context) {
        return new ModelShape("tiny", 256, 2, 4, 2, 512, 300, context);
    }

    private static LanguageModel open(TensorType type, int context) {
        ModelOptions options = ModelOptions.defaults().withThreads(2).withSequences(TEST.openSequences());
        return LanguageModel.open(new RandomModel(shape(context), type), options);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "BF16"})
    void measuresEverything(TensorType type) {
        Set<String> stages = new TreeSet<>();
        try (LanguageModel model = open(type, 256)) {
            SpeedReport report = TEST.run(model, 2, stages::add);

            assertThat(report.model()).contains("tiny", type.name());
            assertThat(report.kernels()).contains("2 threads");
            assertThat(report.bandwidth()).isBetween(1e7, 1e13);
            assertThat(report.floatOperations()).isBetween(1e8, 1e14);
            report.int8Operations().ifPresent(peak -> assertThat(peak).isBetween(1e8, 1e15));
            assertThat(report.peak())
                    .isEqualTo(type.isQuantized() && report.int8Operations().isPresent() ? Peak.INT8 : Peak.FLOAT);
            assertThat(report.decode().tokensPerSecond()).isPositive();
            assertThat(report.decode().bandwidthShare()).isPositive();
            assertThat(report.decode().allocatedBytes().orElseThrow()).isBetween(0.0, 1e6);
            assertThat(report.rows()).extracting(SpeedReport.Rows::rows).containsExactly(1, 2, 3);
            assertThat(report.rows().getFirst().costRatio()).isEqualTo(1);
            assertThat(report.rows()).allSatisfy(row -> {
                assertThat(row.bandwidthShare()).isPositive();
                assertThat(row.peakShare()).isPositive();
            });
            assertThat(report.prompt()).extracting(SpeedReport.Prompt::tokens).containsExactly(4, 16);
            assertThat(report.sequences())
                    .extracting(SpeedReport.Sequences::sequences)
                    .containsExactly(1, 3);
            assertThat(report.sequences())
                    .allSatisfy(joint -> assertThat(joint.tokensPerSecond()).isPositive());
            assertThat(stages).contains("3 sequences, round 1 of 1", "decoding, warming up");
        }
    }

    @Test
    void leavesOutSequencesThatDoNotFit() {
        try (LanguageModel model = open(TensorType.F32, JointDecoding.PROMPT)) {
            assertThat(TEST.run(model, 1, _ -> {}).sequences()).isEmpty();
        }
    }

    @Test
    void refusesAModelOfTooShortAContext() {
        try (LanguageModel model = open(TensorType.F32, 64)) {
            assertThatThrownBy(() -> TEST.run(model, 1, _ -> {}))
                    .isInstanceOf(DemoticException.class)
                    .hasMessage("measuring needs a context of 96 tokens, and random tiny F32 has 64");
        }
    }

    @Test
    void randomModelsHaveWholeBlocks() {
        ModelShape odd = new ModelShape("odd", 288, 1, 4, 4, 768, 300, 64);

        assertThatThrownBy(() -> new RandomModel(odd, TensorType.Q4_K))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("do not fill blocks of Q4_K");
        assertThatThrownBy(() -> ModelShape.named("llama-1t"))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("choose llama-15m or llama-1.1b");
    }

    @Test
    void aMatrixIsMadeOnce() {
        try (RandomModel model = new RandomModel(shape(64), TensorType.Q8_0)) {
            assertThat(model.tensors().values()).allSatisfy(tensor -> {
                assertThat(tensor.data()).isEqualTo(tensor.data());
                assertThat(tensor.data().byteSize()).isEqualTo(tensor.byteSize());
            });
        }
    }
}
