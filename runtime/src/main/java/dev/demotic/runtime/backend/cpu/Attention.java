package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Heads;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Step;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The attention of a step in one layer: rows enter (norms, rotation, storing), then heads attend.
 *
 * <p>Rows of a sequence go in chunks that read each block of keys and values once. A chunk that is all of its sequence's rows needs no
 * others: one task then does both, key head by key head. Otherwise all rows enter first. One object serves all layers and steps, so
 * that the token loop allocates nothing.
 */
@SuppressWarnings("NullAway.Init") // set before each use
final class Attention {
    /** Query heads that read a block of keys together. */
    private static final int QUERIES = 48;

    private final Kernels kernels;
    private final ThreadTeam team;
    private final Scratch[] scratch;
    private final ThreadTeam.Task enterTask = (from, end, _) -> enter(from, end);
    private final ThreadTeam.Task attendTask = this::attend;
    private final ThreadTeam.Task bothTask = this::enterAndAttend;

    CpuKvStore store;
    int layer;
    Step step;
    AttentionShape shape;
    Buffer queries;
    Buffer keys;
    Buffer values;
    Buffer out;

    private Heads heads;
    private Preparation attended;
    /** The first row of each chunk, and the end of the last. */
    private int[] chunks = new int[2];

    Attention(Kernels kernels, ThreadTeam team, Scratch[] scratch) {
        this.kernels = kernels;
        this.team = team;
        this.scratch = scratch;
    }

    /** Columns of {@link #out} that are computed together: the query heads of a key head. */
    static int columnsOfPart(Heads of) {
        return of.shape().heads() / of.shape().kvHeads() * of.shape().headDimension();
    }

    /**
     * Fills {@code result}.
     *
     * @param inputs queries, keys and values
     * @param reader is told of each part of the result
     */
    void run(CpuKvStore kv, int ofLayer, Step of, Heads which, List<Buffer> inputs, Buffer result, Preparation reader) {
        store = kv;
        layer = ofLayer;
        step = of;
        heads = which;
        shape = which.shape();
        queries = inputs.get(0);
        keys = inputs.get(1);
        values = inputs.get(2);
        out = result;
        attended = reader;
        kernels.begin(this);
        int count = chunk();
        if (count == step.contexts()) {
            team.run(count * shape.kvHeads(), bothTask);
        } else {
            team.run(step.rows * shape.kvHeads(), enterTask);
            team.run(count * shape.kvHeads(), attendTask);
        }
    }

    /** Cuts the rows into chunks of the same sequence; returns how many there are. */
    private int chunk() {
        int most = Math.max(1, QUERIES * shape.kvHeads() / shape.heads());
        int count = 0;
        for (int row = 0; row < step.rows; row++) {
            boolean isNext =
                    row == 0 || row - chunks[count - 1] == most || step.contextOf(row) != step.contextOf(row - 1);
            if (isNext) {
                if (count + 2 > chunks.length) {
                    chunks = Arrays.copyOf(chunks, 2 * chunks.length);
                }
                chunks[count++] = row;
            }
        }
        chunks[count] = step.rows;
        return count;
    }

    /** Parts are numbered key head by key head: keys of neighbouring rows share lines of the cache, which one thread should write. */
    private void enter(int from, int end) {
        for (int part = from; part < end; ) {
            int row = part % step.rows;
            int rows = Math.min(step.rows - row, end - part);
            enter(row, rows, part / step.rows);
            part += rows;
        }
    }

    /** A key head of some rows, and the query heads that read it. */
    private void enter(int row, int rows, int kvHead) {
        int group = shape.heads() / shape.kvHeads();
        normAndRotate(queries, row, rows, kvHead * group, group, heads.queryNorm());
        normAndRotate(keys, row, rows, kvHead, 1, heads.keyNorm());
        kernels.store(this, row, rows, kvHead);
    }

    private void normAndRotate(Buffer x, int first, int rows, int firstHead, int count, @Nullable Norm norm) {
        int dimension = shape.headDimension();
        for (int row = first; norm != null && row < first + rows; row++) {
            for (int head = firstHead; head < firstHead + count; head++) {
                long at = row * x.stride() + 4L * head * dimension;
                MemorySegment gains = ((CpuWeights) norm.gains()).vector();
                kernels.rmsNorm(x.memory(), at, gains, dimension, norm.epsilon(), x.memory(), at);
            }
        }
        kernels.rotate(x, first, rows, firstHead, count, dimension, heads.rope());
    }

    private void enterAndAttend(int from, int end, int worker) {
        for (int part = from; part < end; part++) {
            int chunk = part / shape.kvHeads();
            enter(chunks[chunk], chunks[chunk + 1] - chunks[chunk], part % shape.kvHeads());
            attend(part, worker);
        }
    }

    private void attend(int from, int end, int worker) {
        for (int part = from; part < end; part++) {
            attend(part, worker);
        }
    }

    private void attend(int part, int worker) {
        int chunk = part / shape.kvHeads();
        int row = chunks[chunk];
        int rows = chunks[chunk + 1] - row;
        int kvHead = part % shape.kvHeads();
        kernels.attend(this, row, rows, kvHead, scratch[worker]);
        int columns = columnsOfPart(heads);
        attended.part(row, rows, kvHead * columns, columns);
    }
}
