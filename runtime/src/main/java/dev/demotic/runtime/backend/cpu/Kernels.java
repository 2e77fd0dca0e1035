package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.RopeTable;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What one thread does with some parts of an operation.
 *
 * <p>Sets differ in instructions and in how they round, never in contract: within a set, each result is a function of its own
 * row's inputs with one order of additions, whatever else is computed beside it. Offsets are bytes.
 */
interface Kernels {
    /** One line for people: which kernels these are, and what it costs if they are not the best. */
    String description();

    /** Weight rows of a tile: products are shared out in whole tiles. */
    int tileRows();

    /** How rows must be prepared for a product with these weights. */
    RowForm rowForm(CpuWeights weights);

    /** Brings weights into the order in which products read them, if that is not the file's; runs on the team. */
    void pack(CpuWeights weights, ThreadTeam team);

    /**
     * Brings {@code columns} columns, from {@code column} on, of {@code count} rows, from {@code row} on, into another form; both
     * are multiples of {@link Rows#BLOCK}.
     *
     * @param floats holds them, the first at {@code offset}
     * @param stride bytes from a row to the next in {@code floats}
     */
    void convert(
            RowForm form,
            MemorySegment floats,
            long offset,
            long stride,
            Rows rows,
            int row,
            int count,
            int column,
            int columns);

    /**
     * out[r][n] = weights[n] · rows[r] (+ bias) for all rows and the weight rows of the given tiles.
     *
     * @param bias added to each row, or null
     * @param adds whether results are added to what is in {@code out}
     */
    void product(
            CpuWeights weights,
            @Nullable CpuWeights bias,
            int fromTile,
            int endTile,
            Rows rows,
            int count,
            Buffer out,
            boolean adds,
            Scratch scratch);

    /** y = x / rms(x) · gains over {@code n} floats. */
    void rmsNorm(
            MemorySegment x, long xOffset, MemorySegment gains, int n, float epsilon, MemorySegment y, long yOffset);

    /** gate = activation(gate) * up over {@code columns} columns of all rows, from column {@code first} on. */
    void gate(Activation activation, Buffer gate, Buffer up, int rows, int first, int columns);

    /** x += factor · delta over {@code n} floats. */
    void add(MemorySegment x, long xOffset, MemorySegment delta, long deltaOffset, float factor, int n);

    /** Rotates {@code heads} heads, from {@code head} on, of {@code rows} rows from {@code row} on, in place. */
    void rotate(Buffer x, int row, int rows, int head, int heads, int dimension, RopeTable table);

    /** Told of each attention before any part of it runs. */
    void begin(Attention attention);

    /** Writes the keys and values of one key head of {@code rows} rows, from {@code row} on, into the rows' slots. */
    void store(Attention attention, int row, int rows, int kvHead);

    /** The query heads of {@code rows} rows of one sequence, from {@code first} on, that share a key head. */
    void attend(Attention attention, int first, int rows, int kvHead, Scratch scratch);

    /** Copies {@code n} floats; false if one of them is no number. */
    boolean copyFinite(MemorySegment from, long offset, MemorySegment to, int n);
}
