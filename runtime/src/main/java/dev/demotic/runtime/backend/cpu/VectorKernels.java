package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.nativeOrder;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels in the Vector API, with vectors of the processor's width (at most 16 floats).
 *
 * <p>Sums over lanes go through {@link #sum}: {@code reduceLanes} leaves the order of floating-point additions open, and an
 * open order breaks batch invariance.
 */
final class VectorKernels implements FloatKernels {
    private static final VectorSpecies<Float> SPECIES =
            FloatVector.SPECIES_PREFERRED.length() > BLOCK ? FloatVector.SPECIES_512 : FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    /** As many bytes as a vector has floats; the smallest vector of bytes has eight. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, SPECIES.vectorBitSize() / Float.BYTES)));

    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));
    private static final VectorSpecies<Integer> INTEGERS = VectorSpecies.of(int.class, SPECIES.vectorShape());

    private static final ValueLayout.OfShort SCALE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public String description() {
        return "vector kernels (" + SPECIES.vectorBitSize() + " bits)";
    }

    @Override
    public void unpack(TensorType type, MemorySegment weights, long offset, float[] out, int at, int n) {
        switch (type) {
            case F32 -> MemorySegment.copy(weights, JAVA_FLOAT_UNALIGNED, offset, out, at, n);
            case BF16 -> unpackBFloat16(weights, offset, out, at, n);
            case Q8_0 -> unpackQ8(weights, offset, out, at, n);
            default -> type.dequantize(weights, offset, out, at, n);
        }
    }

    /** The upper halves of floats. */
    private static void unpackBFloat16(MemorySegment weights, long offset, float[] out, int at, int n) {
        int bound = SPECIES.loopBound(n);
        for (int i = 0; i < bound; i += LANES) {
            ShortVector.fromMemorySegment(SHORTS, weights, offset + 2L * i, ByteOrder.LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, INTEGERS, 0)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(out, at + i);
        }
        TensorType.BF16.dequantize(weights, offset + 2L * bound, out, at + bound, n - bound);
    }

    /** Blocks of a half-precision scale and 32 signed bytes. */
    private static void unpackQ8(MemorySegment weights, long offset, float[] out, int at, int n) {
        int end = at + n;
        for (long block = offset; at < end; block += TensorType.Q8_0.blockBytes()) {
            float scale = Float.float16ToFloat(weights.get(SCALE, block));
            for (int i = 0; i < TensorType.Q8_0.blockElements(); i += LANES, at += LANES) {
                FloatVector levels = (FloatVector)
                        ByteVector.fromMemorySegment(BYTES, weights, block + Short.BYTES + i, nativeOrder())
                                .convertShape(VectorOperators.B2F, SPECIES, 0);
                levels.mul(scale).intoArray(out, at);
            }
        }
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
        if (tile < TILE) {
            Arrays.fill(weights, tile * columns, TILE * columns, 0);
        }
        float[] lanes = new float[LANES];
        int row = 0;
        for (; row + 2 <= rows; row += 2) {
            multiplyTwo(
                    weights, tile, columns, x, 4L * row * columns, y, yOffset + row * yStride, yStride, adds, lanes);
        }
        if (row < rows) {
            multiplyOne(weights, tile, columns, x, 4L * row * columns, y, yOffset + row * yStride, adds, lanes);
        }
    }

    private static void multiplyOne(
            float[] w,
            int tile,
            int columns,
            MemorySegment x,
            long xOffset,
            MemorySegment y,
            long yOffset,
            boolean adds,
            float[] lanes) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int bound = SPECIES.loopBound(columns);
        for (int k = 0; k < bound; k += LANES) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, x, xOffset + 4L * k, nativeOrder());
            sum0 = FloatVector.fromArray(SPECIES, w, k).fma(a, sum0);
            sum1 = FloatVector.fromArray(SPECIES, w, columns + k).fma(a, sum1);
            sum2 = FloatVector.fromArray(SPECIES, w, 2 * columns + k).fma(a, sum2);
            sum3 = FloatVector.fromArray(SPECIES, w, 3 * columns + k).fma(a, sum3);
        }
        finish(sum0, lanes, w, 0, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(sum1, lanes, w, 1, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(sum2, lanes, w, 2, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(sum3, lanes, w, 3, tile, bound, columns, x, xOffset, y, yOffset, adds);
    }

    /** Two rows at once: eight sums are as many as the JIT keeps in registers, and each weight vector is read once for both. */
    private static void multiplyTwo(
            float[] w,
            int tile,
            int columns,
            MemorySegment x,
            long xOffset,
            MemorySegment y,
            long yOffset,
            long yStride,
            boolean adds,
            float[] lanes) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        FloatVector other0 = sum0;
        FloatVector other1 = sum0;
        FloatVector other2 = sum0;
        FloatVector other3 = sum0;
        long xNext = xOffset + 4L * columns;
        int bound = SPECIES.loopBound(columns);
        for (int k = 0; k < bound; k += LANES) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, x, xOffset + 4L * k, nativeOrder());
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, x, xNext + 4L * k, nativeOrder());
            FloatVector w0 = FloatVector.fromArray(SPECIES, w, k);
            FloatVector w1 = FloatVector.fromArray(SPECIES, w, columns + k);
            FloatVector w2 = FloatVector.fromArray(SPECIES, w, 2 * columns + k);
            FloatVector w3 = FloatVector.fromArray(SPECIES, w, 3 * columns + k);
            sum0 = w0.fma(a, sum0);
            sum1 = w1.fma(a, sum1);
            sum2 = w2.fma(a, sum2);
            sum3 = w3.fma(a, sum3);
            other0 = w0.fma(b, other0);
            other1 = w1.fma(b, other1);
            other2 = w2.fma(b, other2);
            other3 = w3.fma(b, other3);
        }
        finish(sum0, lanes, w, 0, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(sum1, lanes, w, 1, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(sum2, lanes, w, 2, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(sum3, lanes, w, 3, tile, bound, columns, x, xOffset, y, yOffset, adds);
        finish(other0, lanes, w, 0, tile, bound, columns, x, xNext, y, yOffset + yStride, adds);
        finish(other1, lanes, w, 1, tile, bound, columns, x, xNext, y, yOffset + yStride, adds);
        finish(other2, lanes, w, 2, tile, bound, columns, x, xNext, y, yOffset + yStride, adds);
        finish(other3, lanes, w, 3, tile, bound, columns, x, xNext, y, yOffset + yStride, adds);
    }

    /** Adds up the lanes of weight row {@code n}, then the columns that fill no vector, and stores the result. */
    private static void finish(
            FloatVector vector,
            float[] lanes,
            float[] w,
            int n,
            int tile,
            int bound,
            int columns,
            MemorySegment x,
            long xOffset,
            MemorySegment y,
            long yOffset,
            boolean adds) {
        if (n >= tile) {
            return;
        }
        vector.intoArray(lanes, 0);
        float sum = sum(lanes);
        for (int k = bound; k < columns; k++) {
            sum = Math.fma(w[n * columns + k], x.get(JAVA_FLOAT_UNALIGNED, xOffset + 4L * k), sum);
        }
        long at = yOffset + 4L * n;
        y.set(JAVA_FLOAT_UNALIGNED, at, adds ? y.get(JAVA_FLOAT_UNALIGNED, at) + sum : sum);
    }

    /** The sum of a vector's lanes, always in the same order; spoils the array. */
    private static float sum(float[] lanes) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    @Override
    public void rmsNorm(
            MemorySegment x, long xOffset, MemorySegment gains, int n, float epsilon, MemorySegment y, long yOffset) {
        int bound = SPECIES.loopBound(n);
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(SPECIES, x, xOffset + 4L * i, nativeOrder());
            sums = value.fma(value, sums);
        }
        float[] lanes = new float[LANES];
        sums.intoArray(lanes, 0);
        float squares = sum(lanes);
        for (int i = bound; i < n; i++) {
            float value = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 4L * i);
            squares = Math.fma(value, value, squares);
        }
        float factor = (float) (1 / Math.sqrt(squares / n + epsilon));
        for (int i = 0; i < bound; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, x, xOffset + 4L * i, nativeOrder())
                    .mul(factor)
                    .mul(FloatVector.fromMemorySegment(SPECIES, gains, 4L * i, nativeOrder()))
                    .intoMemorySegment(y, yOffset + 4L * i, nativeOrder());
        }
        for (int i = bound; i < n; i++) {
            float value = x.get(JAVA_FLOAT_UNALIGNED, xOffset + 4L * i);
            y.set(JAVA_FLOAT_UNALIGNED, yOffset + 4L * i, value * factor * gains.get(JAVA_FLOAT_UNALIGNED, 4L * i));
        }
    }

    @Override
    public void gate(Activation activation, MemorySegment gate, MemorySegment up, long offset, int n) {
        int bound = SPECIES.loopBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, gate, offset + 4L * i, nativeOrder());
            FloatVector argument = activation == Activation.SILU
                    ? x
                    : x.mul(x.mul(FloatMath.GELU_CUBIC).fma(x, FloatVector.broadcast(SPECIES, 1f)))
                            .mul(FloatMath.GELU_LINEAR);
            x.div(exp(argument.neg()).add(1f))
                    .mul(FloatVector.fromMemorySegment(SPECIES, up, offset + 4L * i, nativeOrder()))
                    .intoMemorySegment(gate, offset + 4L * i, nativeOrder());
        }
        for (int i = bound; i < n; i++) {
            long at = offset + 4L * i;
            float value = FloatMath.activate(activation, gate.get(JAVA_FLOAT_UNALIGNED, at));
            gate.set(JAVA_FLOAT_UNALIGNED, at, value * up.get(JAVA_FLOAT_UNALIGNED, at));
        }
    }

    /** {@link FloatMath#exp}, lane by lane and bit for bit. */
    private static FloatVector exp(FloatVector x) {
        FloatVector clamped = x.max(FloatMath.SMALLEST).min(FloatMath.LARGEST);
        FloatVector n = clamped.fma(
                        FloatVector.broadcast(SPECIES, FloatMath.LOG2_E),
                        FloatVector.broadcast(SPECIES, FloatMath.ROUND))
                .sub(FloatMath.ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -FloatMath.LN2_HIGH), clamped);
        r = n.fma(FloatVector.broadcast(SPECIES, -FloatMath.LN2_LOW), r);
        float[] c = FloatMath.POLYNOMIAL;
        FloatVector p = FloatVector.broadcast(SPECIES, c[0]);
        p = p.fma(r, FloatVector.broadcast(SPECIES, c[1]));
        p = p.fma(r, FloatVector.broadcast(SPECIES, c[2]));
        p = p.fma(r, FloatVector.broadcast(SPECIES, c[3]));
        p = p.fma(r, FloatVector.broadcast(SPECIES, c[4]));
        p = p.fma(r, FloatVector.broadcast(SPECIES, c[5]));
        FloatVector value = p.mul(r).fma(r, r).add(1f);
        return value.mul(n.convert(VectorOperators.F2I, 0)
                .reinterpretAsInts()
                .add(127)
                .lanewise(VectorOperators.LSHL, 23)
                .reinterpretAsFloats());
    }

    @Override
    public void add(MemorySegment x, long xOffset, MemorySegment delta, long deltaOffset, float factor, int n) {
        int bound = SPECIES.loopBound(n);
        FloatVector factors = FloatVector.broadcast(SPECIES, factor);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, delta, deltaOffset + 4L * i, nativeOrder())
                    .fma(factors, FloatVector.fromMemorySegment(SPECIES, x, xOffset + 4L * i, nativeOrder()))
                    .intoMemorySegment(x, xOffset + 4L * i, nativeOrder());
        }
        for (int i = bound; i < n; i++) {
            float sum = Math.fma(
                    factor,
                    delta.get(JAVA_FLOAT_UNALIGNED, deltaOffset + 4L * i),
                    x.get(JAVA_FLOAT_UNALIGNED, xOffset + 4L * i));
            x.set(JAVA_FLOAT_UNALIGNED, xOffset + 4L * i, sum);
        }
    }

    @Override
    public void scores(float[] query, int dimension, MemorySegment keys, long keysOffset, float[] scores, int at) {
        for (int slot = 0; slot < BLOCK; slot += LANES) {
            FloatVector even = FloatVector.zero(SPECIES);
            FloatVector odd = even;
            long key = keysOffset + 4L * slot;
            int d = 0;
            for (; d + 1 < dimension; d += 2, key += 8 * BLOCK) {
                even = FloatVector.fromMemorySegment(SPECIES, keys, key, nativeOrder())
                        .fma(FloatVector.broadcast(SPECIES, query[d]), even);
                odd = FloatVector.fromMemorySegment(SPECIES, keys, key + 4 * BLOCK, nativeOrder())
                        .fma(FloatVector.broadcast(SPECIES, query[d + 1]), odd);
            }
            if (d < dimension) {
                even = FloatVector.fromMemorySegment(SPECIES, keys, key, nativeOrder())
                        .fma(FloatVector.broadcast(SPECIES, query[d]), even);
            }
            even.add(odd).intoArray(scores, at + slot);
        }
    }

    @Override
    public float exponentials(float[] scores, int n) {
        int padded = (n + LANES - 1) / LANES * LANES;
        Arrays.fill(scores, n, padded, Float.NEGATIVE_INFINITY);
        float[] lanes = new float[LANES];
        FloatVector maxima = FloatVector.fromArray(SPECIES, scores, 0);
        for (int i = LANES; i < padded; i += LANES) {
            maxima = maxima.max(FloatVector.fromArray(SPECIES, scores, i));
        }
        float max = maxima.reduceLanes(VectorOperators.MAX);
        for (int i = 0; i < padded; i += LANES) {
            exp(FloatVector.fromArray(SPECIES, scores, i).sub(max)).intoArray(scores, i);
        }
        Arrays.fill(scores, n, padded, 0);
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int i = 0; i < padded; i += LANES) {
            sums = sums.add(FloatVector.fromArray(SPECIES, scores, i));
        }
        sums.intoArray(lanes, 0);
        return sum(lanes);
    }

    @Override
    public void addValue(float[] out, float weight, MemorySegment values, long valueOffset, int dimension) {
        int bound = SPECIES.loopBound(dimension);
        FloatVector weights = FloatVector.broadcast(SPECIES, weight);
        for (int d = 0; d < bound; d += LANES) {
            FloatVector.fromMemorySegment(SPECIES, values, valueOffset + 4L * d, nativeOrder())
                    .fma(weights, FloatVector.fromArray(SPECIES, out, d))
                    .intoArray(out, d);
        }
        for (int d = bound; d < dimension; d++) {
            out[d] = Math.fma(weight, values.get(JAVA_FLOAT_UNALIGNED, valueOffset + 4L * d), out[d]);
        }
    }
}
