package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Heads;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Step;
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
    private static final int QUERIES = 24;

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
    /** The first row of each chunk, and the end of the last. */
    private int[] chunks = new int[2];

    Attention(Kernels kernels, ThreadTeam team, Scratch[] scratch) {
        this.kernels = kernels;
        this.team = team;
        this.scratch = scratch;
    }

    /** Runs on what the fields say. */
    void run(Heads of) {
        heads = of;
        shape = of.shape();
        kernels.begin(this);
        int count = chunk();
        if (count == step.contexts()) {
            team.run(count * shape.kvHeads(), bothTask);
        } else {
            team.runRows(step.rows, enterTask);
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
                    chunks = java.util.Arrays.copyOf(chunks, 2 * chunks.length);
                }
                chunks[count++] = row;
            }
        }
        chunks[count] = step.rows;
        return count;
    }

    private void enter(int from, int end) {
        for (int row = from; row < end; row++) {
            enter(row, 0, shape.kvHeads());
        }
    }

    /** Some key heads of a row, and the query heads that read them. */
    private void enter(int row, int kvHead, int count) {
        int group = shape.heads() / shape.kvHeads();
        normAndRotate(queries, row, kvHead * group, count * group, heads.queryNorm());
        normAndRotate(keys, row, kvHead, count, heads.keyNorm());
        kernels.store(this, row, kvHead, count);
    }

    private void normAndRotate(Buffer x, int row, int first, int count, @Nullable Norm norm) {
        int dimension = shape.headDimension();
        long at = row * x.stride() + 4L * first * dimension;
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

    private void enterAndAttend(int from, int end, int worker) {
        for (int part = from; part < end; part++) {
            int chunk = part / shape.kvHeads();
            for (int row = chunks[chunk]; row < chunks[chunk + 1]; row++) {
                enter(row, part % shape.kvHeads(), 1);
            }
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
        kernels.attend(this, chunks[chunk], chunks[chunk + 1] - chunks[chunk], part % shape.kvHeads(), scratch[worker]);
    }
}
