package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.cache.KvType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The kernels in Java: weights are unpacked to floats tile by tile, and everything is computed in floats.
 *
 * <p>Attention goes row by row and head by head. A row's scores are computed slot by slot, put into the order of positions, and
 * all sums run over positions in ascending order: the same bits whether the row's ancestors lie in a draft tree or are
 * committed.
 */
record JavaKernels(FloatKernels floats) implements Kernels {
    @Override
    public String description() {
        return floats.description();
    }

    @Override
    public int tileRows() {
        return FloatKernels.TILE;
    }

    @Override
    public RowForm rowForm(CpuWeights weights) {
        return RowForm.FLOAT;
    }

    @Override
    public void pack(CpuWeights weights, ThreadTeam team) {}

    @Override
    public void convert(
            RowForm form,
            MemorySegment floats,
            long offset,
            long stride,
            Rows rows,
            int row,
            int count,
            int column,
            int columns) {}

    @Override
    public void product(
            CpuWeights weights,
            @Nullable CpuWeights bias,
            int fromTile,
            int endTile,
            Rows rows,
            int count,
            Buffer out,
            boolean adds,
            Scratch scratch) {
        int columns = rows.stride();
        float[] tile = scratch.tile(FloatKernels.TILE * columns);
        for (int first = fromTile * FloatKernels.TILE;
                first < endTile * FloatKernels.TILE;
                first += FloatKernels.TILE) {
            int present = Math.min(FloatKernels.TILE, weights.rows() - first);
            for (int i = 0; i < present; i++) {
                int end = i * columns + weights.columns();
                floats.unpack(
                        weights.type(),
                        weights.data(),
                        (first + i) * weights.rowBytes(),
                        tile,
                        i * columns,
                        weights.columns());
                Arrays.fill(tile, end, (i + 1) * columns, 0);
            }
            floats.multiply(tile, present, columns, rows.floats(), count, out.memory(), 4L * first, out.stride(), adds);
            for (int row = 0; bias != null && row < count; row++) {
                long at = row * out.stride() + 4L * first;
                floats.add(out.memory(), at, bias.vector(), 4L * first, 1, present);
            }
        }
    }

    @Override
    public void rmsNorm(
            MemorySegment x, long xOffset, MemorySegment gains, int n, float epsilon, MemorySegment y, long yOffset) {
        floats.rmsNorm(x, xOffset, gains, n, epsilon, y, yOffset);
    }

    @Override
    public void gate(Activation activation, Buffer gate, Buffer up, int rows, int first, int columns) {
        for (int row = 0; row < rows; row++) {
            floats.gate(activation, gate.memory(), up.memory(), row * gate.stride() + 4L * first, columns);
        }
    }

    @Override
    public void add(MemorySegment x, long xOffset, MemorySegment delta, long deltaOffset, float factor, int n) {
        floats.add(x, xOffset, delta, deltaOffset, factor, n);
    }

    @Override
    public void rotate(Buffer x, int row, int rows, int head, int heads, int dimension, RopeTable table) {
        for (int end = row + rows; row < end; row++) {
            rotate(x.memory(), row * x.stride() + 4L * head * dimension, heads, dimension, table, row);
        }
    }

    private static void rotate(MemorySegment x, long offset, int heads, int dimension, RopeTable table, int row) {
        int pairs = table.pairs();
        long toPartner = table.interleaved() ? 4 : 4L * pairs;
        long toNext = table.interleaved() ? 8 : 4;
        for (int head = 0; head < heads; head++) {
            long at = offset + 4L * head * dimension;
            for (int i = 0; i < pairs; i++, at += toNext) {
                float cosine = table.cosines().getAtIndex(JAVA_FLOAT, (long) row * pairs + i);
                float sine = table.sines().getAtIndex(JAVA_FLOAT, (long) row * pairs + i);
                float a = x.get(JAVA_FLOAT, at);
                float b = x.get(JAVA_FLOAT, at + toPartner);
                x.set(JAVA_FLOAT, at, a * cosine - b * sine);
                x.set(JAVA_FLOAT, at + toPartner, b * cosine + a * sine);
            }
        }
    }

    @Override
    public void begin(Attention attention) {}

    @Override
    public void store(Attention a, int row, int rows, int kvHead) {
        long head = 4L * kvHead * a.store.shape().headDimension();
        for (int end = row + rows; row < end; row++) {
            int slot = a.step.slot[row];
            int block = a.step.block(row, slot);
            long key = row * a.keys.stride() + head;
            long value = row * a.values.stride() + head;
            a.store.writeKey(block, a.layer, kvHead, slot % BLOCK, a.keys.memory(), key);
            a.store.writeValue(block, a.layer, kvHead, slot % BLOCK, a.values.memory(), value);
        }
    }

    @Override
    public void attend(Attention a, int first, int rows, int kvHead, Scratch scratch) {
        int group = a.shape.heads() / a.shape.kvHeads();
        int dimension = a.shape.headDimension();
        float[] query = scratch.query(dimension);
        for (int row = first; row < first + rows; row++) {
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
                long at = 4L * head * dimension;
                MemorySegment.copy(a.queries.memory(), JAVA_FLOAT, row * a.queries.stride() + at, query, 0, dimension);
                float[] sum = attend(a, row, kvHead, query, scratch);
                MemorySegment.copy(sum, 0, a.out.memory(), JAVA_FLOAT, row * a.out.stride() + at, dimension);
            }
        }
    }

    private float[] attend(Attention a, int row, int kvHead, float[] query, Scratch scratch) {
        AttentionShape shape = a.shape;
        Step step = a.step;
        int position = step.position[row];
        int first = shape.firstVisible(position);
        int count = position - first + 1;
        float[] scores = scores(a, row, kvHead, query, first, scratch);
        for (int i = 0; i < count; i++) {
            scores[i] = shape.softCap() == 0
                    ? scores[i] * shape.scale()
                    : (float) (shape.softCap() * Math.tanh(scores[i] * shape.scale() / shape.softCap()));
        }
        float total = floats.exponentials(scores, count);

        int dimension = shape.headDimension();
        float[] sum = scratch.sum(dimension);
        Arrays.fill(sum, 0, dimension, 0);
        MemorySegment values = scratch.block(dimension * BLOCK);
        int unpacked = -1;
        for (int i = 0; i < count; i++) {
            int slot = step.slotOf(row, first + i);
            int block = step.block(row, slot);
            long value = 4L * (slot % BLOCK) * dimension;
            if (a.store.shape().type() == KvType.F32) {
                long at = a.store.values(block, a.layer, kvHead) + value;
                floats.addValue(sum, scores[i], a.store.memory(), at, dimension);
                continue;
            }
            if (block != unpacked) {
                a.store.readValues(block, a.layer, kvHead, values);
                unpacked = block;
            }
            floats.addValue(sum, scores[i], values, value, dimension);
        }
        for (int d = 0; d < dimension; d++) {
            sum[d] /= total;
        }
        return sum;
    }

    /** q · k for positions {@code first}..position, in that order from index 0. */
    private float[] scores(Attention a, int row, int kvHead, float[] query, int first, Scratch scratch) {
        Step step = a.step;
        int dimension = a.shape.headDimension();
        int position = step.position[row];
        int lastSlot = step.slotOf(row, position);
        int firstBlock = Math.min(first, step.slotOf(row, first)) / BLOCK;
        int base = firstBlock * BLOCK;
        float[] scores = scratch.scores((lastSlot / BLOCK + 2) * BLOCK - base);
        MemorySegment keys = scratch.block(dimension * BLOCK);
        for (int i = firstBlock; i <= lastSlot / BLOCK; i++) {
            int block = step.block(row, i * BLOCK);
            if (a.store.shape().type() == KvType.F32) {
                long at = a.store.keys(block, a.layer, kvHead);
                floats.scores(query, dimension, a.store.memory(), at, scores, i * BLOCK - base);
            } else {
                a.store.readKeys(block, a.layer, kvHead, keys);
                floats.scores(query, dimension, keys, 0, scores, i * BLOCK - base);
            }
        }
        // A position's slot never comes before the position itself, so moving forward overwrites nothing that is
        // needed.
        for (int p = first; p <= position; p++) {
            scores[p - first] = scores[step.slotOf(row, p) - base];
        }
        return scores;
    }

    /** One addition a value: 0 · x is 0 for every number and NaN for NaN and the infinities. */
    @Override
    public boolean copyFinite(MemorySegment from, long offset, MemorySegment to, int n) {
        float zeros = 0;
        for (long i = 0; i < 4L * n; i += 4) {
            float value = from.get(JAVA_FLOAT, offset + i);
            zeros += 0 * value;
            to.set(JAVA_FLOAT, i, value);
        }
        return zeros == 0;
    }
}
