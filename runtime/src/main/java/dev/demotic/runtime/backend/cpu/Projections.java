package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products: rows are prepared for them, then tiles are multiplied.
 *
 * <p>One object serves all products, so that the token loop allocates nothing.
 */
@SuppressWarnings("NullAway.Init") // set before each use
final class Projections {
    private final Kernels kernels;
    private final ThreadTeam team;
    private final Scratch[] scratch;
    /** Tiles whose results fill a block of columns: what the gated task takes at a time, so that it can prepare them. */
    private final int tilesOfBlock;

    private final ThreadTeam.Task multiplyTask = this::multiply;
    private final ThreadTeam.Task gatedTask = this::gated;

    /** The rows that come from outside, and those that a task computes for the product after it. */
    private final Preparation input;

    private final Preparation computed;

    /** The only projection and its result, for a product of one matrix. */
    private final List<Projection> one = Arrays.asList(new Projection[1]);

    private final List<Buffer> oneOut = Arrays.asList(new Buffer[1]);

    private Preparation source;
    private List<Projection> projections;
    private List<Buffer> outs;
    private boolean adds;
    private Activation activation;

    Projections(Kernels kernels, ThreadTeam team, Scratch[] scratch, Arena arena) {
        this.kernels = kernels;
        this.team = team;
        this.scratch = scratch;
        tilesOfBlock = Math.max(1, Rows.BLOCK / kernels.tileRows());
        input = new Preparation(kernels, team, arena);
        computed = new Preparation(kernels, team, arena);
    }

    /** results[i] = matrices[i] · norm(x). */
    void project(Buffer x, int rows, @Nullable Norm norm, List<Projection> matrices, List<Buffer> results) {
        input.run(x, rows, norm, matrices);
        multiplyAll(input, matrices, results, false);
    }

    /** Begins sum += matrix · x, for an x that another task computes, so many columns at a time. */
    Preparation beginAdding(Projection matrix, Buffer x, int rows, int columnsOfPart) {
        one.set(0, matrix);
        computed.beginParts(x, rows, columnsOfPart, one);
        return computed;
    }

    /** sum += matrix · x, for the matrix and the x of {@link #beginAdding}, which is there now. */
    void endAdding(Buffer sum) {
        computed.endParts();
        oneOut.set(0, sum);
        multiplyAll(computed, one, oneOut, true);
    }

    /** sum += down · (function(gate · norm(x)) * (up · norm(x))). */
    void addGated(
            Activation function,
            Buffer x,
            int rows,
            @Nullable Norm norm,
            List<Projection> gateAndUp,
            List<Buffer> gatedAndRaised,
            Projection down,
            Buffer sum) {
        input.run(x, rows, norm, gateAndUp);
        beginAdding(down, gatedAndRaised.getFirst(), rows, tilesOfBlock * kernels.tileRows());
        begin(input, gateAndUp, gatedAndRaised, false);
        activation = function;
        team.run((tiles(gateAndUp.getFirst()) + tilesOfBlock - 1) / tilesOfBlock, gatedTask);
        endAdding(sum);
    }

    private void multiplyAll(Preparation x, List<Projection> matrices, List<Buffer> results, boolean add) {
        begin(x, matrices, results, add);
        int tiles = 0;
        for (int i = 0; i < matrices.size(); i++) {
            tiles += tiles(matrices.get(i));
        }
        team.run(tiles, multiplyTask);
    }

    private void begin(Preparation x, List<Projection> matrices, List<Buffer> results, boolean add) {
        source = x;
        projections = matrices;
        outs = results;
        adds = add;
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
                source.rows(),
                source.count(),
                outs.get(matrix),
                adds,
                scratch[worker]);
    }

    private void gated(int fromBlock, int endBlock, int worker) {
        int from = fromBlock * tilesOfBlock;
        int end = Math.min(endBlock * tilesOfBlock, tiles(projections.getFirst()));
        multiply(0, from, end, worker);
        multiply(1, from, end, worker);
        int first = from * kernels.tileRows();
        int columns = Math.min(end * kernels.tileRows(), outs.getFirst().columns()) - first;
        kernels.gate(activation, outs.getFirst(), outs.get(1), source.count(), first, columns);
        computed.part(0, source.count(), first, columns);
    }
}
