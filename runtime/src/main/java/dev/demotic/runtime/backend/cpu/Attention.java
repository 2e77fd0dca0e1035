package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.cache.KvTable;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Attention of one step in one layer, row by row and head by head.
 *
 * <p>A row's scores are computed slot by slot, put into the order of positions, and all sums run over positions in ascending
 * order: the same bits whether the row's ancestors lie in a draft tree or are committed.
 */
record Attention(
        Kernels kernels, CpuKvStore store, int layer, Step step, Buffer queries, AttentionShape shape, Buffer out) {

    /** Computes the heads of {@code row} that share a key and value head. */
    void run(int row, int kvHead, Scratch scratch) {
        int group = shape.heads() / shape.kvHeads();
        int dimension = shape.headDimension();
        float[] query = scratch.query(dimension);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
            long at = 4L * head * dimension;
            MemorySegment.copy(queries.memory(), JAVA_FLOAT, row * queries.stride() + at, query, 0, dimension);
            float[] sum = attend(row, kvHead, query, scratch);
            MemorySegment.copy(sum, 0, out.memory(), JAVA_FLOAT, row * out.stride() + at, dimension);
        }
    }

    private float[] attend(int row, int kvHead, float[] query, Scratch scratch) {
        int position = step.position[row];
        int first = shape.firstVisible(position);
        int count = position - first + 1;
        float[] scores = scores(row, kvHead, query, first, scratch);
        for (int i = 0; i < count; i++) {
            scores[i] = shape.softCap() == 0
                    ? scores[i] * shape.scale()
                    : (float) (shape.softCap() * Math.tanh(scores[i] * shape.scale() / shape.softCap()));
        }
        float total = kernels.exponentials(scores, count);

        int dimension = shape.headDimension();
        float[] sum = scratch.sum(dimension);
        Arrays.fill(sum, 0, dimension, 0);
        KvTable context = step.context(row);
        for (int i = 0; i < count; i++) {
            int slot = step.slotOf(row, first + i);
            long value = store.values(context.block(slot), layer, kvHead) + 4L * (slot % BLOCK) * dimension;
            kernels.addValue(sum, scores[i], store.memory(), value, dimension);
        }
        for (int d = 0; d < dimension; d++) {
            sum[d] /= total;
        }
        return sum;
    }

    /** q · k for positions {@code first}..position, in that order from index 0. */
    private float[] scores(int row, int kvHead, float[] query, int first, Scratch scratch) {
        int position = step.position[row];
        int lastSlot = step.slotOf(row, position);
        int firstBlock = Math.min(first, step.slotOf(row, first)) / BLOCK;
        int base = firstBlock * BLOCK;
        float[] scores = scratch.scores((lastSlot / BLOCK + 2) * BLOCK - base);
        for (int block = firstBlock; block <= lastSlot / BLOCK; block++) {
            long keys = store.keys(step.context(row).block(block * BLOCK), layer, kvHead);
            kernels.scores(query, shape.headDimension(), store.memory(), keys, scores, block * BLOCK - base);
        }
        // A position's slot never comes before the position itself, so moving forward overwrites nothing that is
        // needed.
        for (int p = first; p <= position; p++) {
            scores[p - first] = scores[step.slotOf(row, p) - base];
        }
        return scores;
    }
}
