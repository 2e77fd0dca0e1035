package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * Arithmetic in Java, on unpacked weights: what {@link JavaKernels} are made of.
 *
 * <p>Implementations differ in instructions, never in contract: each result is a function of its own row's inputs with one
 * order of additions, whatever else is computed beside it. Offsets into segments are bytes, into arrays elements.
 */
interface FloatKernels {
    /** One line for people: which kernels these are. */
    String description();

    /** Weight rows that {@link #multiply} takes at once. */
    int TILE = 4;

    /** Unpacks {@code n} weights to floats, exactly as {@link TensorType#dequantize} does. */
    default void unpack(TensorType type, MemorySegment weights, long offset, float[] out, int at, int n) {
        type.dequantize(weights, offset, out, at, n);
    }

    /**
     * y[r][n] = weights[n] · x[r] for {@code tile} unpacked weight rows and all rows of x; added to y if {@code adds}.
     *
     * @param weights tile rows of {@code columns} floats
     * @param tile weight rows present, at most {@link #TILE}
     * @param y where the first row's first result goes; {@code yStride} bytes lie between two rows' results
     */
    void multiply(
            float[] weights,
            int tile,
            int columns,
            MemorySegment x,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride,
            boolean adds);

    /** y = x / rms(x) · gains over {@code n} floats. */
    void rmsNorm(
            MemorySegment x, long xOffset, MemorySegment gains, int n, float epsilon, MemorySegment y, long yOffset);

    /** gate = activation(gate) * up over {@code n} floats. */
    void gate(Activation activation, MemorySegment gate, MemorySegment up, long offset, int n);

    /** x += factor · delta over {@code n} floats. */
    void add(MemorySegment x, long xOffset, MemorySegment delta, long deltaOffset, float factor, int n);

    /**
     * Scores of one query against the keys of a block: scores[at + slot] = query · key[slot], for all slots of the block.
     *
     * @param keys {@code dimension} rows of BLOCK floats: keys lie transposed, so that slots are lanes
     */
    void scores(float[] query, int dimension, MemorySegment keys, long keysOffset, float[] scores, int at);

    /** Turns scores[0..n) into exp(score - max) and returns their sum; the array has room for whole vectors. */
    float exponentials(float[] scores, int n);

    /** out += weight · value over {@code dimension} floats. */
    void addValue(float[] out, float weight, MemorySegment values, long valueOffset, int dimension);
}
