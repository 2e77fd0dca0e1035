package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Brings rows of activations into the forms that some products read: as a task of its own, or part by part in the task that computes
 * the rows, which saves the threads a meeting.
 */
@SuppressWarnings("NullAway.Init") // set before each use
final class Preparation {
    private final Kernels kernels;
    private final ThreadTeam team;
    private final ThreadTeam.Task task = (from, end, _) -> prepare(from, end);
    private final Set<RowForm> wanted = EnumSet.noneOf(RowForm.class);
    private final Rows rows;
    private Buffer x;
    private int count;
    private @Nullable Norm norm;
    private boolean inParts;

    Preparation(Kernels kernels, ThreadTeam team, Arena arena) {
        this.kernels = kernels;
        this.team = team;
        rows = new Rows(arena);
    }

    /** What has been prepared. */
    Rows rows() {
        return rows;
    }

    int count() {
        return count;
    }

    /** Prepares the first {@code number} rows of {@code of}, or what a norm makes of them, for {@code readers}. */
    void run(Buffer of, int number, @Nullable Norm through, List<Projection> readers) {
        begin(of, number, readers);
        runAll(through);
    }

    /**
     * Begins to prepare rows that are still to be computed, so many columns at a time.
     *
     * @see #part
     * @see #endParts
     */
    void beginParts(Buffer of, int number, int columnsOfPart, List<Projection> readers) {
        begin(of, number, readers);
        inParts = columnsOfPart % Rows.BLOCK == 0 && fillsBlocks();
    }

    /** Some columns of some rows have been computed. */
    void part(int row, int number, int column, int columns) {
        if (inParts) {
            prepareAsTheyAre(row, number, column, columns);
        }
    }

    /** All parts are there; what could not be prepared block by block is now. */
    void endParts() {
        if (!inParts) {
            runAll(null);
        }
    }

    private void begin(Buffer of, int number, List<Projection> readers) {
        x = of;
        count = number;
        wanted.clear();
        for (int i = 0; i < readers.size(); i++) {
            CpuWeights weights = (CpuWeights) readers.get(i).weights();
            kernels.pack(weights, team);
            wanted.add(kernels.rowForm(weights));
        }
        rows.reserve(number, of.columns());
    }

    private void runAll(@Nullable Norm through) {
        norm = through;
        team.runRows(count, task);
    }

    private boolean fillsBlocks() {
        return rows.padded() == x.columns();
    }

    private void prepare(int from, int end) {
        if (norm == null && fillsBlocks()) {
            prepareAsTheyAre(from, end - from, 0, x.columns());
            return;
        }
        for (int row = from; row < end; row++) {
            long at = row * x.stride();
            long to = row * rows.rowBytes();
            if (norm != null) {
                MemorySegment gains = ((CpuWeights) norm.gains()).vector();
                kernels.rmsNorm(x.memory(), at, gains, x.columns(), norm.epsilon(), rows.floats(), to);
            } else {
                MemorySegment.copy(x.memory(), JAVA_FLOAT, at, rows.floats(), JAVA_FLOAT, to, x.columns());
            }
            rows.pad(row);
            convert(row, 1, 0, rows.padded(), rows.floats(), to, rows.rowBytes());
        }
    }

    private void prepareAsTheyAre(int first, int number, int column, int columns) {
        long offset = 4L * column;
        if (wanted.contains(RowForm.FLOAT)) {
            for (int row = first; row < first + number; row++) {
                long at = row * x.stride() + offset;
                long to = row * rows.rowBytes() + offset;
                MemorySegment.copy(x.memory(), JAVA_FLOAT, at, rows.floats(), JAVA_FLOAT, to, columns);
                if (column + columns == x.columns()) {
                    rows.pad(row);
                }
            }
        }
        convert(first, number, column, columns, x.memory(), first * x.stride() + offset, x.stride());
    }

    private void convert(
            int row, int number, int column, int columns, MemorySegment floats, long offset, long floatsStride) {
        if (wanted.contains(RowForm.BF16)) {
            kernels.convert(RowForm.BF16, floats, offset, floatsStride, rows, row, number, column, columns);
        }
        if (wanted.contains(RowForm.QUANTIZED)) {
            kernels.convert(RowForm.QUANTIZED, floats, offset, floatsStride, rows, row, number, column, columns);
        }
    }
}
