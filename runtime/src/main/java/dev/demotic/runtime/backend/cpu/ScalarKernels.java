package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.demotic.runtime.backend.Activation;
import java.lang.foreign.MemorySegment;

/** Plain loops: what the other kernel sets are tested against, and what runs where there is no Vector API. */
final class ScalarKernels implements FloatKernels {
    @Override
    public String description() {
        return "scalar kernels";
    }

    @Override
    public void multiply(
            float[] weights,
            int tile,
            int columns,
            MemorySegment x,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride,
            boolean adds) {
        for (int row = 0; row < rows; row++) {
            for (int n = 0; n < tile; n++) {
                float sum = 0;
                for (int k = 0; k < columns; k++) {
                    sum = Math.fma(weights[n * columns + k], get(x, 4L * row * columns, k), sum);
                }
                long at = yOffset + row * yStride;
                put(y, at, n, adds ? get(y, at, n) + sum : sum);
            }
        }
    }

    @Override
    public void rmsNorm(
            MemorySegment x, long xOffset, MemorySegment gains, int n, float epsilon, MemorySegment y, long yOffset) {
        float squares = 0;
        for (int i = 0; i < n; i++) {
            float value = get(x, xOffset, i);
            squares = Math.fma(value, value, squares);
        }
        float factor = (float) (1 / Math.sqrt(squares / n + epsilon));
        for (int i = 0; i < n; i++) {
            put(y, yOffset, i, get(x, xOffset, i) * factor * get(gains, 0, i));
        }
    }

    @Override
    public void gate(Activation activation, MemorySegment gate, MemorySegment up, long offset, int n) {
        for (int i = 0; i < n; i++) {
            put(gate, offset, i, FloatMath.activate(activation, get(gate, offset, i)) * get(up, offset, i));
        }
    }

    @Override
    public void add(MemorySegment x, long xOffset, MemorySegment delta, long deltaOffset, float factor, int n) {
        for (int i = 0; i < n; i++) {
            put(x, xOffset, i, Math.fma(factor, get(delta, deltaOffset, i), get(x, xOffset, i)));
        }
    }

    @Override
    public void scores(float[] query, int dimension, MemorySegment keys, long keysOffset, float[] scores, int at) {
        for (int slot = 0; slot < BLOCK; slot++) {
            float sum = 0;
            for (int d = 0; d < dimension; d++) {
                sum = Math.fma(query[d], get(keys, keysOffset, d * BLOCK + slot), sum);
            }
            scores[at + slot] = sum;
        }
    }

    @Override
    public float exponentials(float[] scores, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, scores[i]);
        }
        float sum = 0;
        for (int i = 0; i < n; i++) {
            scores[i] = FloatMath.exp(scores[i] - max);
            sum += scores[i];
        }
        return sum;
    }

    @Override
    public void addValue(float[] out, float weight, MemorySegment values, long valueOffset, int dimension) {
        for (int d = 0; d < dimension; d++) {
            out[d] = Math.fma(weight, get(values, valueOffset, d), out[d]);
        }
    }

    private static float get(MemorySegment segment, long offset, int index) {
        return segment.get(JAVA_FLOAT_UNALIGNED, offset + 4L * index);
    }

    private static void put(MemorySegment segment, long offset, int index, float value) {
        segment.set(JAVA_FLOAT_UNALIGNED, offset + 4L * index, value);
    }
}
