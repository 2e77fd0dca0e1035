package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel in Java against a double-precision reference. */
class FloatKernelsTest {
    /** Lengths that fill vectors, leave a rest, and are shorter than one. */
    private static final int[] LENGTHS = {1, 5, 16, 33, 64, 250, 768};

    private static final double FLOAT_ROUNDING = 0x1p-23;

    private final Random random = new Random(7);
    private final Arena arena = Arena.ofAuto();

    static Stream<FloatKernels> sets() {
        return Stream.of(new ScalarKernels(), new VectorKernels());
    }

    private float[] gaussians(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private MemorySegment segment(float[] values) {
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }

    private static float[] floats(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_FLOAT);
    }

    @ParameterizedTest
    @MethodSource("sets")
    void products(FloatKernels kernels) {
        for (int columns : LENGTHS) {
            for (int tile = 1; tile <= FloatKernels.TILE; tile++) {
                int rows = 1 + random.nextInt(5);
                float[] weights = gaussians(FloatKernels.TILE * columns);
                float[] reference = weights.clone();
                float[] x = gaussians(rows * columns);
                MemorySegment y = segment(new float[rows * FloatKernels.TILE]);
                kernels.multiply(weights, tile, columns, segment(x), rows, y, 0, 4L * FloatKernels.TILE, false);
                for (int row = 0; row < rows; row++) {
                    for (int n = 0; n < FloatKernels.TILE; n++) {
                        double sum = 0;
                        double magnitude = 0;
                        for (int k = 0; k < columns && n < tile; k++) {
                            double product = (double) reference[n * columns + k] * x[row * columns + k];
                            sum += product;
                            magnitude += Math.abs(product);
                        }
                        // each of the columns additions rounds by at most half a unit of the running magnitude
                        assertThat((double) y.getAtIndex(ValueLayout.JAVA_FLOAT, row * FloatKernels.TILE + n))
                                .isCloseTo(sum, within(columns * FLOAT_ROUNDING * magnitude));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void unpackedWeightsAreThoseOfTheFormat(FloatKernels kernels) {
        for (TensorType type : TensorType.values()) {
            int n = 3 * 256;
            MemorySegment packed = arena.allocate(1 + type.bytes(n));
            type.quantize(gaussians(n), 0, packed, 1, n);
            float[] expected = new float[n + 7];
            float[] unpacked = new float[n + 7];
            type.dequantize(packed, 1, expected, 7, n);
            kernels.unpack(type, packed, 1, unpacked, 7, n);
            assertThat(unpacked).as(type.toString()).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void rmsNorm(FloatKernels kernels) {
        for (int n : LENGTHS) {
            float[] x = gaussians(n);
            float[] weight = gaussians(n);
            MemorySegment y = segment(new float[n]);
            kernels.rmsNorm(segment(x), 0, segment(weight), n, 1e-5f, y, 0);
            double squares = 0;
            for (float value : x) {
                squares += (double) value * value;
            }
            double factor = 1 / Math.sqrt(squares / n + 1e-5f);
            for (int i = 0; i < n; i++) {
                double expected = x[i] * factor * weight[i];
                assertThat((double) floats(y)[i]).isCloseTo(expected, within(1e-5 * Math.abs(expected)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void gates(FloatKernels kernels) {
        for (int n : LENGTHS) {
            for (Activation activation : Activation.values()) {
                float[] x = gaussians(n);
                float[] up = gaussians(n);
                for (int i = 0; i < n; i++) {
                    x[i] *= 8;
                }
                MemorySegment gate = segment(x);
                kernels.gate(activation, gate, segment(up), 0, n);
                for (int i = 0; i < n; i++) {
                    double expected = activate(activation, x[i]) * up[i];
                    assertThat((double) floats(gate)[i])
                            .isCloseTo(expected, within(1e-6 * (Math.abs(expected) + Math.abs(x[i] * up[i]))));
                }
            }
        }
    }

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case SILU -> x / (1 + Math.exp(-x));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
        };
    }

    @ParameterizedTest
    @MethodSource("sets")
    void sums(FloatKernels kernels) {
        for (int n : LENGTHS) {
            float[] x = gaussians(n);
            float[] delta = gaussians(n);
            MemorySegment sum = segment(x);
            kernels.add(sum, 0, segment(delta), 0, 0.5f, n);
            for (int i = 0; i < n; i++) {
                assertThat(floats(sum)[i]).isEqualTo(Math.fma(0.5f, delta[i], x[i]));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void attentionScoresAndValues(FloatKernels kernels) {
        for (int dimension : new int[] {1, 8, 16, 40, 64, 128}) {
            float[] query = gaussians(dimension);
            float[] keys = gaussians(dimension * BLOCK);
            float[] scores = new float[2 * BLOCK];
            kernels.scores(query, dimension, segment(keys), 0, scores, BLOCK);
            float[] out = gaussians(dimension);
            float[] before = out.clone();
            kernels.addValue(out, 0.3f, segment(query), 0, dimension);
            for (int slot = 0; slot < BLOCK; slot++) {
                double sum = 0;
                for (int d = 0; d < dimension; d++) {
                    sum += (double) query[d] * keys[d * BLOCK + slot];
                }
                assertThat((double) scores[BLOCK + slot]).isCloseTo(sum, within(1e-5 * dimension));
            }
            for (int d = 0; d < dimension; d++) {
                assertThat(out[d]).isEqualTo(Math.fma(0.3f, query[d], before[d]));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void exponentials(FloatKernels kernels) {
        for (int n : LENGTHS) {
            float[] scores = java.util.Arrays.copyOf(gaussians(n), n + BLOCK);
            float[] before = scores.clone();
            double max = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                max = Math.max(max, before[i]);
            }
            float total = kernels.exponentials(scores, n);
            double sum = 0;
            for (int i = 0; i < n; i++) {
                double expected = Math.exp(before[i] - max);
                assertThat((double) scores[i]).isCloseTo(expected, within(3e-7 * expected + 1e-8));
                sum += expected;
            }
            assertThat((double) total).isCloseTo(sum, within(1e-5 * sum));
        }
    }

    @Test
    void exponentialIsExactToTwoUnits() {
        for (float x = -87; x < 88; x += 0.0037f) {
            double expected = Math.exp(x);
            assertThat(Math.abs(FloatMath.exp(x) - expected)).isLessThanOrEqualTo(2 * Math.ulp((float) expected));
        }
        assertThat(FloatMath.exp(Float.NEGATIVE_INFINITY)).isLessThan(1e-37f);
        assertThat(FloatMath.exp(0)).isEqualTo(1);
    }
}
