package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Heads;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Step;
import org.jspecify.annotations.Nullable;

/**
 * The attention of a step in one layer, in two tasks: rows first (norms, rotation, storing), then heads.
 *
 * <p>Rows of a sequence go in chunks that read each block of keys and values once. One object serves all layers and steps, so
 * that the token loop allocates nothing.
 */
@SuppressWarnings("NullAway.Init") // set before each use
final class Attention {
    /** Query heads that read a block of keys together. */
    private static final int QUERIES = 24;

    private final Kernels kernels;
    private final ThreadTeam team;
    private final Scratch[] scratch;
    private final ThreadTeam.Task rowsTask = (from, end, _) -> rows(from, end);
    private final ThreadTeam.Task headsTask = this::heads;

    CpuKvStore store;
    int layer;
    Step step;
    AttentionShape shape;
    Buffer queries;
    Buffer keys;
    Buffer values;
    Buffer out;

    private Heads heads;
    /** The first row of each chunk, and the end of the last. */
    private int[] chunks = new int[2];

    Attention(Kernels kernels, ThreadTeam team, Scratch[] scratch) {
        this.kernels = kernels;
        this.team = team;
        this.scratch = scratch;
    }

    /** Runs both tasks; the fields say on what. */
    void run(Heads of) {
        heads = of;
        shape = of.shape();
        kernels.begin(this);
        team.runRows(step.rows, rowsTask);
        team.run(chunk() * shape.kvHeads(), headsTask);
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
                    chunks = java.util.Arrays.copyOf(chunks, 2 * chunks.length);
                }
                chunks[count++] = row;
            }
        }
        chunks[count] = step.rows;
        return count;
    }

    private void rows(int from, int end) {
        for (int row = from; row < end; row++) {
            normAndRotate(queries, row, shape.heads(), heads.queryNorm());
            normAndRotate(keys, row, shape.kvHeads(), heads.keyNorm());
            kernels.store(this, row);
        }
    }

    private void normAndRotate(Buffer x, int row, int count, @Nullable Norm norm) {
        long at = row * x.stride();
        int dimension = shape.headDimension();
        for (int head = 0; norm != null && head < count; head++) {
            long within = at + 4L * head * dimension;
            kernels.rmsNorm(
                    x.memory(),
                    within,
                    ((CpuWeights) norm.gains()).vector(),
                    dimension,
                    norm.epsilon(),
                    x.memory(),
                    within);
        }
        kernels.rotate(x.memory(), at, count, dimension, heads.rope(), row);
    }

    private void heads(int from, int end, int worker) {
        for (int part = from; part < end; part++) {
            int chunk = part / shape.kvHeads();
            kernels.attend(
                    this, chunks[chunk], chunks[chunk + 1] - chunks[chunk], part % shape.kvHeads(), scratch[worker]);
        }
    }
}
