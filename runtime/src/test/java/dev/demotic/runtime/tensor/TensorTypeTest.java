package dev.demotic.runtime.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class TensorTypeTest {
    /** More than one chunk of the staging buffer, and no multiple of it. */
    private static final int ELEMENTS = 2048 + 2048 + 768;

    @ParameterizedTest
    @EnumSource
    void dequantizesEveryBitPatternAsTheLayoutSays(TensorType type) {
        byte[] stored = new byte[(int) type.bytes(ELEMENTS)];
        new Random(type.id()).nextBytes(stored);
        float[] actual = dequantize(type, stored);
        for (int i = 0; i < ELEMENTS; i++) {
            int block = i / type.blockElements();
            float expected =
                    ReferenceDequantizer.element(type, stored, block * type.blockBytes(), i % type.blockElements());
            assertThat(actual[i]).as("element %d", i).isEqualTo(Float.valueOf(expected));
        }
    }

    @Test
    void dequantizesBlocksComputedByHand() {
        // 1.0 is 3c00 in half precision, 0.5 is 3800, 2.0 is 4000.
        assertFirst(TensorType.F32, "0000c03f", 1.5f);
        assertFirst(TensorType.F16, "003e", 1.5f);
        assertFirst(TensorType.BF16, "c03f", 1.5f);
        assertFirst(TensorType.Q8_0, "0038" + "037f80ff" + "00".repeat(28), 1.5f, 63.5f, -64f, -0.5f, 0f);
        assertFirst(TensorType.Q4_0, "0038" + "f019" + "88".repeat(14), -4f, 0.5f, 0f);
        assertFirst(TensorType.Q4_1, "0038" + "003c" + "f019" + "00".repeat(14), 1f, 5.5f, 1f);
        assertFirst(TensorType.Q5_0, "003c" + "01000000" + "f019" + "00".repeat(14), 0f, -7f, -16f);
        assertFirst(TensorType.Q5_1, "003c" + "0038" + "02000000" + "f019" + "00".repeat(14), 0.5f, 25.5f, 0.5f);
        assertFirst(TensorType.Q2_K, "23" + "00".repeat(15) + "0102" + "00".repeat(62) + "003c" + "0038", 2f, 5f, -1f);
        assertFirst(
                TensorType.Q3_K,
                "02" + "00".repeat(31) + "0003" + "00".repeat(62) + "01" + "00".repeat(7) + "02000000" + "003c",
                -4f,
                -1f,
                -4f);
        assertFirst(
                TensorType.Q4_K,
                "003c" + "0038" + "03000000" + "02000000" + "00000000" + "0f01" + "00".repeat(126),
                44f,
                2f,
                -1f);
        assertFirst(
                TensorType.Q5_K,
                "003c" + "0038" + "03000000" + "02000000" + "00000000" + "01" + "00".repeat(31) + "0f01"
                        + "00".repeat(126),
                92f,
                2f,
                -1f);
        assertFirst(
                TensorType.Q6_K,
                "0f01" + "00".repeat(126) + "0300" + "00".repeat(62) + "02" + "00".repeat(15) + "0038",
                31f,
                -31f,
                -32f);
    }

    private static void assertFirst(TensorType type, String hex, float... expected) {
        byte[] block = HexFormat.of().parseHex(hex);
        assertThat(block).as("%s block", type).hasSize(type.blockBytes());
        assertThat(Arrays.copyOf(dequantize(type, block), expected.length))
                .as("%s", type)
                .isEqualTo(expected);
    }

    @Test
    void quantizesBlocksComputedByHand() {
        // The value of largest magnitude, -16, gets the lowest level: d = 2 for four bits, 1 for five.
        float[] ramp = values(i -> i - 16);
        assertQuantized(TensorType.Q4_0, ramp, "0040" + "809191a2a2b3b3c4c4d5d5e6e6f7f7f8");
        assertQuantized(TensorType.Q5_0, ramp, "003c" + "0000ffff" + "00112233445566778899aabbccddeeff");
        // d = 1, m = -5
        assertQuantized(TensorType.Q4_1, values(i -> i % 16 - 5), "003c" + "00c5" + "00112233445566778899aabbccddeeff");
        assertQuantized(
                TensorType.Q5_1, values(i -> i - 5), "003c" + "00c5" + "0000ffff" + "00112233445566778899aabbccddeeff");
        // d = 1; halves are rounded away from zero
        float[] halves = values(i -> i == 0 ? -127 : i % 2 == 0 ? 1.5f : -2.5f);
        assertQuantized(TensorType.Q8_0, halves, "003c" + "81fd" + "02fd".repeat(15));
    }

    private static void assertQuantized(TensorType type, float[] values, String hex) {
        assertThat(HexFormat.of().formatHex(quantize(type, values)))
                .as("%s", type)
                .isEqualTo(hex);
    }

    private interface IntToFloat {
        float apply(int i);
    }

    private static float[] values(IntToFloat value) {
        float[] values = new float[32];
        for (int i = 0; i < values.length; i++) {
            values[i] = value.apply(i);
        }
        return values;
    }

    /** Error of Gaussian weights after quantization, over their standard deviation; measured 3 to 5 % below. */
    private static final Map<TensorType, Double> RELATIVE_ERROR = Map.ofEntries(
            Map.entry(TensorType.F32, 0.0),
            Map.entry(TensorType.F16, 0.0003),
            Map.entry(TensorType.BF16, 0.0018),
            Map.entry(TensorType.Q8_0, 0.0056),
            Map.entry(TensorType.Q4_0, 0.090),
            Map.entry(TensorType.Q4_1, 0.082),
            Map.entry(TensorType.Q5_0, 0.045),
            Map.entry(TensorType.Q5_1, 0.040),
            Map.entry(TensorType.Q2_K, 0.280),
            Map.entry(TensorType.Q3_K, 0.158),
            Map.entry(TensorType.Q4_K, 0.0735),
            Map.entry(TensorType.Q5_K, 0.0362),
            Map.entry(TensorType.Q6_K, 0.0185));

    @ParameterizedTest
    @EnumSource
    void quantizesGaussianWeightsWithinTheBound(TensorType type) {
        float[] weights = gaussian(1, 1 << 15);
        assertThat(relativeError(weights, dequantize(type, quantize(type, weights))))
                .isLessThanOrEqualTo(RELATIVE_ERROR.get(type));
    }

    @ParameterizedTest
    @EnumSource
    void keepsZerosConstantsAndLoneValues(TensorType type) {
        float[] zeros = new float[256];
        for (float value : dequantize(type, quantize(type, zeros))) {
            assertThat(value).isZero();
        }

        float[] constant = new float[256];
        Arrays.fill(constant, -3);
        assertThat(relativeError(constant, dequantize(type, quantize(type, constant))))
                .isLessThan(0.01);

        float[] lone = new float[256];
        lone[77] = 5;
        assertThat(relativeError(lone, dequantize(type, quantize(type, lone)))).isLessThan(0.01);
    }

    @ParameterizedTest
    @EnumSource
    void staysFiniteForAllStorableMagnitudes(TensorType type) {
        for (float magnitude : new float[] {1e-30f, 1e-10f, 1e-6f, 1e-3f, 1e3f, 65504f}) {
            float[] weights = gaussian(2, 512);
            float largest = 0;
            for (float weight : weights) {
                largest = Math.max(largest, Math.abs(weight));
            }
            for (int i = 0; i < weights.length; i++) {
                weights[i] *= magnitude / largest;
            }
            for (float value : dequantize(type, quantize(type, weights))) {
                assertThat(Math.abs(value)).isLessThanOrEqualTo(magnitude * 1.5f);
            }
        }
    }

    /** What a quantized tensor holds is kept when it is quantized to its own type once more. */
    @ParameterizedTest
    @EnumSource(
            names = {"F32", "F16", "BF16", "Q8_0"},
            mode = Mode.INCLUDE)
    void quantizingTwiceChangesNothing(TensorType type) {
        byte[] once = quantize(type, gaussian(3, 4096));
        assertThat(quantize(type, dequantize(type, once))).isEqualTo(once);
    }

    @Test
    void roundsToNearestEven() {
        float halfUlp16 = 1 + 0x1p-11f;
        float threeHalvesUlp16 = 1 + 3 * 0x1p-11f;
        assertThat(dequantize(TensorType.F16, quantize(TensorType.F16, new float[] {halfUlp16, threeHalvesUlp16})))
                .containsExactly(1, 1 + 0x1p-9f);
        float halfUlpB = 1 + 0x1p-8f;
        float threeHalvesUlpB = 1 + 3 * 0x1p-8f;
        assertThat(dequantize(TensorType.BF16, quantize(TensorType.BF16, new float[] {halfUlpB, threeHalvesUlpB})))
                .containsExactly(1, 1 + 0x1p-6f);
    }

    @Test
    void writesOnlyItsOwnBytes() {
        for (TensorType type : TensorType.values()) {
            MemorySegment target =
                    MemorySegment.ofArray(new byte[(int) type.bytes(512) + 8]).fill((byte) 77);
            type.quantize(gaussian(4, 600), 5, target, 3, 512);
            assertThat(target.asSlice(0, 3).toArray(ValueLayout.JAVA_BYTE)).containsOnly(77);
            assertThat(target.asSlice(3 + type.bytes(512)).toArray(ValueLayout.JAVA_BYTE))
                    .containsOnly(77);

            float[] values = new float[600];
            Arrays.fill(values, 99);
            type.dequantize(target, 3, values, 7, 512);
            assertThat(Arrays.copyOf(values, 7)).containsOnly(99);
            assertThat(Arrays.copyOfRange(values, 7 + 512, 600)).containsOnly(99);
            assertThat(Arrays.copyOfRange(values, 7, 7 + 512)).doesNotContain(99);
        }
    }

    @Test
    void knowsTypesByTheirIds() {
        for (TensorType type : TensorType.values()) {
            assertThat(TensorType.of(type.id())).contains(type);
            assertThat(TensorType.nameOf(type.id())).isEqualTo(type.name());
        }
        assertThat(TensorType.of(23)).isEmpty();
        assertThat(TensorType.nameOf(23)).isEqualTo("IQ4_XS");
        assertThat(TensorType.nameOf(-1)).isEqualTo("unknown");
        assertThat(TensorType.nameOf(999)).isEqualTo("unknown");
    }

    private static byte[] quantize(TensorType type, float[] values) {
        MemorySegment target = MemorySegment.ofArray(new byte[(int) type.bytes(values.length)]);
        type.quantize(values, 0, target, 0, values.length);
        return target.toArray(ValueLayout.JAVA_BYTE);
    }

    /** From native memory, at an odd address. */
    private static float[] dequantize(TensorType type, byte[] stored) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocate(stored.length + 1);
            MemorySegment.copy(stored, 0, source, ValueLayout.JAVA_BYTE, 1, stored.length);
            float[] values = new float[stored.length / type.blockBytes() * type.blockElements()];
            type.dequantize(source, 1, values, 0, values.length);
            return values;
        }
    }

    private static float[] gaussian(long seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * 0.02f;
        }
        return values;
    }

    private static double relativeError(float[] expected, float[] actual) {
        double squares = 0;
        double errors = 0;
        for (int i = 0; i < expected.length; i++) {
            squares += (double) expected[i] * expected[i];
            errors += Math.pow(expected[i] - actual[i], 2);
        }
        return Math.sqrt(errors / squares);
    }
}
