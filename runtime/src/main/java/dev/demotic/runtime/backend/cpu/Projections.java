package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products in two tasks: rows are normed and brought into the form that the products read, then tiles are multiplied.
 *
 * <p>One object serves all products, so that the token loop allocates nothing.
 */
@SuppressWarnings("NullAway.Init") // set before each use
final class Projections {
    private final Kernels kernels;
    private final ThreadTeam team;
    private final Scratch[] scratch;
    private final Rows prepared;
    private final ThreadTeam.Task prepareTask = (from, end, _) -> prepare(from, end);
    private final ThreadTeam.Task multiplyTask = this::multiply;
    private final ThreadTeam.Task gatedTask = this::gated;

    /** The only projection and its result, for a product of one matrix. */
    private final List<Projection> one = Arrays.asList(new Projection[1]);

    private final List<Buffer> oneOut = Arrays.asList(new Buffer[1]);
    private Buffer input;
    private int rows;
    private @Nullable Norm norm;
    private final Set<RowForm> wanted = EnumSet.noneOf(RowForm.class);

    private List<Projection> projections;
    private List<Buffer> outs;
    private boolean adds;
    private Activation activation;

    Projections(Kernels kernels, ThreadTeam team, Scratch[] scratch, Arena arena) {
        this.kernels = kernels;
        this.team = team;
        this.scratch = scratch;
        prepared = new Rows(arena);
    }

    /** outs[i] = projections[i] · norm(x). */
    void project(Buffer x, int count, @Nullable Norm of, List<Projection> matrices, List<Buffer> results) {
        run(x, count, of, matrices, results, false);
    }

    /** sum += projection · x. */
    void addTo(Projection projection, Buffer x, int count, Buffer sum) {
        one.set(0, projection);
        oneOut.set(0, sum);
        run(x, count, null, one, oneOut, true);
    }

    private void run(
            Buffer x, int count, @Nullable Norm of, List<Projection> matrices, List<Buffer> results, boolean add) {
        begin(x, count, of, matrices);
        outs = results;
        adds = add;
        int tiles = 0;
        for (int i = 0; i < matrices.size(); i++) {
            tiles += tiles(matrices.get(i));
        }
        team.run(tiles, multiplyTask);
    }

    /** gated = function(gate · norm(x)) * (up · norm(x)), for the matrices gate and up. */
    void gated(
            Activation function,
            Buffer x,
            int count,
            @Nullable Norm of,
            List<Projection> matrices,
            List<Buffer> gatedAndRaised) {
        begin(x, count, of, matrices);
        outs = gatedAndRaised;
        adds = false;
        activation = function;
        team.run(tiles(matrices.getFirst()), gatedTask);
    }

    private void begin(Buffer x, int count, @Nullable Norm of, List<Projection> matrices) {
        input = x;
        rows = count;
        norm = of;
        projections = matrices;
        wanted.clear();
        for (int i = 0; i < matrices.size(); i++) {
            CpuWeights weights = (CpuWeights) matrices.get(i).weights();
            kernels.pack(weights, team);
            wanted.add(kernels.rowForm(weights));
        }
        prepared.reserve(count, x.columns());
        team.runRows(count, prepareTask);
    }

    private void prepare(int from, int end) {
        boolean asTheyAre = norm == null && !wanted.contains(RowForm.FLOAT) && prepared.padded() == input.columns();
        for (int row = from; row < end; row++) {
            long at = row * input.stride();
            long to = 4L * row * prepared.stride();
            if (norm != null) {
                kernels.rmsNorm(
                        input.memory(),
                        at,
                        ((CpuWeights) norm.gains()).vector(),
                        input.columns(),
                        norm.epsilon(),
                        prepared.floats(),
                        to);
            } else if (!asTheyAre) {
                MemorySegment.copy(input.memory(), JAVA_FLOAT, at, prepared.floats(), JAVA_FLOAT, to, input.columns());
            }
            if (!asTheyAre) {
                prepared.pad(row);
            }
            MemorySegment source = asTheyAre ? input.memory() : prepared.floats();
            if (wanted.contains(RowForm.BF16)) {
                kernels.prepare(prepared, row, RowForm.BF16, source, asTheyAre ? at : to);
            }
            if (wanted.contains(RowForm.QUANTIZED)) {
                kernels.prepare(prepared, row, RowForm.QUANTIZED, source, asTheyAre ? at : to);
            }
        }
    }

    private int tiles(Projection projection) {
        return (projection.weights().rows() + kernels.tileRows() - 1) / kernels.tileRows();
    }

    /** The tiles of all matrices are numbered one after the other. */
    private void multiply(int from, int end, int worker) {
        int first = 0;
        for (int i = 0; i < projections.size() && first < end; i++) {
            int tiles = tiles(projections.get(i));
            if (from < first + tiles) {
                multiply(i, Math.max(0, from - first), Math.min(tiles, end - first), worker);
            }
            first += tiles;
        }
    }

    private void multiply(int matrix, int from, int end, int worker) {
        Projection projection = projections.get(matrix);
        kernels.product(
                (CpuWeights) projection.weights(),
                (CpuWeights) projection.bias(),
                from,
                end,
                prepared,
                rows,
                outs.get(matrix),
                adds,
                scratch[worker]);
    }

    private void gated(int from, int end, int worker) {
        multiply(0, from, end, worker);
        multiply(1, from, end, worker);
        int first = from * kernels.tileRows();
        int columns = Math.min(end * kernels.tileRows(), outs.getFirst().columns()) - first;
        kernels.gate(activation, outs.getFirst(), outs.get(1), rows, first, columns);
    }
}
