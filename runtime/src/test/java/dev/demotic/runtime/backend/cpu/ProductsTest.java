package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Projection;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of every kernel set, weight type and number of rows against a double-precision reference. */
class ProductsTest {
    /** All numbers of rows that have kernels of their own, and some that are split up. */
    private static final int[] ROWS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 29, 40};

    private static final double FLOAT_ROUNDING = 0x1p-23;

    private final Random random = new Random(3);
    private final Arena arena = Arena.ofAuto();

    static Stream<Arguments> setsAndTypes() {
        return KernelSets.names().stream()
                .flatMap(set -> Arrays.stream(TensorType.values()).map(type -> Arguments.of(set, type)));
    }

    private float[] gaussians(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("setsAndTypes")
    void productsAreRightWithinTheirRounding(String set, TensorType type) {
        // 75 rows leave a tile cut short; 768 columns are three super-blocks, 70 fill no block and no vector.
        int columns = type.blockElements() == 1 ? 70 : 768;
        check(set, type, 75, columns, gaussians(75 * columns), gaussians(40 * columns));
        check(set, type, 3, 256, gaussians(3 * 256), gaussians(40 * 256));
    }

    /** Weights and rows whose every product is as large as it can be and of the same sign: sums of bytes are short of room. */
    @ParameterizedTest
    @MethodSource("setsAndTypes")
    void theLargestProductsFitTheirSums(String set, TensorType type) {
        for (float odd : new float[] {1, -1, -1.15f}) {
            float[] values = new float[16 * 256];
            float[] x = new float[40 * 256];
            for (int i = 0; i < values.length; i++) {
                // An odd one out in each block pushes the others to the top of a scale that has an offset.
                values[i] = (i / 256 % 2 == 0 ? 1 : -1) * (i % 16 == 0 ? odd : 1);
            }
            for (int i = 0; i < x.length; i++) {
                x[i] = i / 256 % 2 == 0 ? 1 : -1;
            }
            check(set, type, 16, 256, values, x);
        }
    }

    /** Multiplies 1 to 40 rows {@code x} by a matrix of {@code values}. */
    private void check(String set, TensorType type, int width, int columns, float[] values, float[] x) {
        MemorySegment packed = arena.allocate(type.bytes((long) width * columns));
        type.quantize(values, 0, packed, 0, width * columns);
        float[] weights = new float[width * columns];
        type.dequantize(packed, 0, weights, 0, width * columns);
        float[] bias = gaussians(width);
        try (CpuBackend backend = new CpuBackend(2, set);
                ThreadTeam team = new ThreadTeam(2)) {
            Projections products = products(KernelSets.choose(set, arena), team);
            Projection projection = new Projection(
                    backend.load(new Tensor("w", type, new long[] {columns, width}, packed)),
                    backend.load(new Tensor(
                            "b",
                            TensorType.F32,
                            new long[] {width},
                            arena.allocateFrom(ValueLayout.JAVA_FLOAT, bias))));
            Buffer input = backend.allocate(40, columns);
            MemorySegment.copy(x, 0, input.memory(), ValueLayout.JAVA_FLOAT, 0, x.length);
            Buffer single = backend.allocate(1, width);
            float[][] alone = new float[40][];
            for (int row = 0; row < 40; row++) {
                Buffer one = new Buffer(input.memory().asSlice(row * input.stride()), 1, columns);
                backend.project(one, 1, null, List.of(projection), List.of(single));
                alone[row] = single.memory().toArray(ValueLayout.JAVA_FLOAT);
                checkRow(alone[row], weights, Arrays.copyOfRange(x, row * columns, (row + 1) * columns), bias);
            }
            for (int rows : ROWS) {
                Buffer out = backend.allocate(rows, width);
                backend.project(input, rows, null, List.of(projection), List.of(out));
                for (int row = 0; row < rows; row++) {
                    assertThat(rowOf(out, row)).as("row %d of %d", row, rows).isEqualTo(alone[row]);
                }
                Preparation parts = products.beginAdding(projection, input, rows, Rows.BLOCK);
                for (int column = 0; column < columns; column += Rows.BLOCK) {
                    parts.part(0, rows, column, Math.min(Rows.BLOCK, columns - column));
                }
                products.endAdding(out);
                for (int row = 0; row < rows; row++) {
                    for (int n = 0; n < width; n++) {
                        float once = alone[row][n];
                        assertThat(rowOf(out, row)[n]).isCloseTo(2 * once, within(1e-5f * (1 + Math.abs(once))));
                    }
                }
            }
        }
    }

    private Projections products(Kernels kernels, ThreadTeam team) {
        return new Projections(kernels, team, new Scratch[] {new Scratch(arena), new Scratch(arena)}, arena);
    }

    /** Whether the states in the middle fill blocks of columns, so that they are prepared part by part, or not. */
    @ParameterizedTest
    @MethodSource("setsAndTypes")
    void aGatedLayerIsItsProductsOneByOne(String set, TensorType type) {
        int block = type.blockElements();
        for (int hidden : block == 1 ? new int[] {70, 96} : new int[] {3 * block}) {
            int width = 2 * Math.max(16, block);
            Kernels kernels = KernelSets.choose(set, arena);
            try (CpuBackend backend = new CpuBackend(2, set);
                    ThreadTeam team = new ThreadTeam(2)) {
                Projections products = products(kernels, team);
                List<Projection> gateAndUp =
                        List.of(matrix(backend, type, hidden, width), matrix(backend, type, hidden, width));
                Projection down = matrix(backend, type, width, hidden);
                Buffer x = filled(backend.allocate(29, width));
                List<Buffer> middle = List.of(backend.allocate(29, hidden), backend.allocate(29, hidden));
                for (int rows : new int[] {1, 3, 8, 29}) {
                    Buffer expected = backend.allocate(rows, width);
                    backend.project(x, rows, null, gateAndUp, middle);
                    kernels.gate(Activation.SILU, middle.getFirst(), middle.get(1), rows, 0, hidden);
                    backend.project(middle.getFirst(), rows, null, List.of(down), List.of(expected));
                    Buffer sum = backend.allocate(rows, width);
                    products.addGated(Activation.SILU, x, rows, null, gateAndUp, middle, down, sum);
                    for (int row = 0; row < rows; row++) {
                        assertThat(rowOf(sum, row))
                                .as("row %d of %d", row, rows)
                                .isEqualTo(rowOf(expected, row));
                    }
                }
            }
        }
    }

    private Projection matrix(CpuBackend backend, TensorType type, int rows, int columns) {
        MemorySegment packed = arena.allocate(type.bytes((long) rows * columns));
        type.quantize(gaussians(rows * columns), 0, packed, 0, rows * columns);
        return new Projection(backend.load(new Tensor("w", type, new long[] {columns, rows}, packed)), null);
    }

    private Buffer filled(Buffer buffer) {
        float[] values = gaussians((int) (buffer.memory().byteSize() / Float.BYTES));
        MemorySegment.copy(values, 0, buffer.memory(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return buffer;
    }

    private static float[] rowOf(Buffer buffer, int row) {
        return buffer.memory().asSlice(row * buffer.stride(), buffer.stride()).toArray(ValueLayout.JAVA_FLOAT);
    }

    /**
     * A row may be off by what its own rounding costs, half a level of each block of 32 (the largest magnitude / 127 apart,
     * which is also more than bfloat16 rounds off), and by the rounding of each addition.
     */
    private static void checkRow(float[] y, float[] weights, float[] x, float[] bias) {
        int columns = x.length;
        for (int n = 0; n < y.length; n++) {
            double sum = bias[n];
            double magnitude = Math.abs(bias[n]);
            double rounding = 0;
            for (int k = 0; k < columns; k++) {
                double weight = weights[n * columns + k];
                sum += weight * x[k];
                magnitude += Math.abs(weight * x[k]);
                rounding += Math.abs(weight) * largestOfBlock(x, k) / 254;
            }
            assertThat((double) y[n]).isCloseTo(sum, within(rounding + columns * FLOAT_ROUNDING * magnitude));
        }
    }

    private static double largestOfBlock(float[] x, int k) {
        double largest = 0;
        for (int i = k / 32 * 32; i < Math.min(x.length, k / 32 * 32 + 32); i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return largest;
    }

    @Test
    void anUnknownSetIsRefused() {
        assertThatThrownBy(() -> new CpuBackend(1, "quantum"))
                .hasMessageContaining("no kernel set 'quantum'")
                .hasMessageContaining("scalar");
    }
}
