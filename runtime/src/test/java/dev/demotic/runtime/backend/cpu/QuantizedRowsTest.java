package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rows of activations as the native sets quantize them, against the definition. */
class QuantizedRowsTest {
    private static final int ROWS = 3;

    private final Random random = new Random(11);
    private final Arena arena = Arena.ofAuto();

    /** Blocks of many magnitudes; some are all zeros, some too small for their inverse. */
    private float[] row(int blocks) {
        float[] x = new float[blocks * Rows.BLOCK];
        for (int i = 0; i < x.length; i++) {
            float magnitude = switch (i / Rows.BLOCK % 5) {
                case 0 -> 1;
                case 1 -> 1e-36f;
                case 2 -> 1e4f;
                case 3 -> 0;
                default -> 0.01f;
            };
            x[i] = (float) random.nextGaussian() * magnitude;
        }
        return x;
    }

    @Test
    void everySetHasTheLevelsAndSumsOfTheDefinition() {
        for (NativeLibrary.KernelSet set : NativeLibrary.sets()) {
            NativeKernels kernels = new NativeKernels(set, arena);
            for (int blocks = 1; blocks <= 11; blocks++) {
                Rows rows = new Rows(arena);
                rows.reserve(ROWS, blocks * Rows.BLOCK);
                for (int r = 0; r < ROWS; r++) {
                    float[] x = row(blocks);
                    MemorySegment source = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
                    kernels.convert(RowForm.QUANTIZED, source, 0, 0, rows, r, 1, 0, rows.padded());
                    for (int b = 0; b < blocks; b++) {
                        check(rows, r, b, x, set.name());
                    }
                }
            }
        }
    }

    private static void check(Rows rows, int row, int block, float[] x, String set) {
        float largest = 0;
        for (int i = 0; i < Rows.BLOCK; i++) {
            largest = Math.max(largest, Math.abs(x[block * Rows.BLOCK + i]));
        }
        float inverse = largest > 1e-35f ? 127 / largest : 0;
        long at = (long) block * rows.blockStride() + row;
        int first = 0;
        int sum = 0;
        for (int i = 0; i < Rows.BLOCK; i++) {
            int level = (int) Math.rint(x[block * Rows.BLOCK + i] * inverse);
            assertThat((int) rows.levels().get(ValueLayout.JAVA_BYTE, at * Rows.BLOCK + i))
                    .as("%s: level %d of block %d", set, i, block)
                    .isEqualTo(level);
            sum += level;
            first += i < Rows.BLOCK / 2 ? level : 0;
        }
        MemorySegment described = rows.blocks().asSlice(at * Rows.BLOCK_BYTES, Rows.BLOCK_BYTES);
        float scale = largest / 127;
        assertThat(described.get(ValueLayout.JAVA_FLOAT, 0)).as(set).isEqualTo(scale);
        assertThat(described.get(ValueLayout.JAVA_INT, 4)).as(set).isEqualTo(-128 * sum);
        assertThat(described.get(ValueLayout.JAVA_FLOAT, 8)).as(set).isEqualTo(scale * sum);
        assertThat(described.get(ValueLayout.JAVA_INT, 12)).as(set).isEqualTo(-32 * first);
    }
}
