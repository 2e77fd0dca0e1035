package dev.demotic.runtime.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The rows that products are about to read, in each form that one of them wants.
 *
 * <p>Memory grows to the largest use so far.
 */
final class Rows {
    /** Columns of a quantized block; every row is padded to a multiple of it. */
    static final int BLOCK = 32;
    /** Bytes of a line of the cache. */
    private static final int LINE = 64;
    /** So many rows may lie at any distance from a block to the next. */
    private static final int FEW = 16;
    /** Bytes that describe a quantized block beside its levels. */
    static final int BLOCK_BYTES = 16;

    private final Arena arena;
    private MemorySegment floats = MemorySegment.NULL;
    private MemorySegment bfloats = MemorySegment.NULL;
    private MemorySegment levels = MemorySegment.NULL;
    private MemorySegment blocks = MemorySegment.NULL;
    private int columns;
    private int padded;
    private int stride;
    private int blockStride;

    Rows(Arena arena) {
        this.arena = arena;
    }

    /** Makes room for rows of {@code columns} elements; what was there is gone. */
    void reserve(int rows, int columns) {
        this.columns = columns;
        padded = (columns + BLOCK - 1) / BLOCK * BLOCK;
        stride = (padded / LINE | 1) * LINE;
        stride = stride < padded ? stride + 2 * LINE : stride;
        blockStride = rows <= FEW ? rows : ((rows + 1) / 2 | 1) * 2;
        long elements = (long) Math.max(rows, blockStride) * stride;
        if (elements * Float.BYTES > floats.byteSize()) {
            long room = Math.max(elements, floats.byteSize() / 2);
            floats = NativeMemory.reserve(room * Float.BYTES, arena);
            bfloats = NativeMemory.reserve(room * Short.BYTES, arena);
            levels = NativeMemory.reserve(room, arena);
            blocks = NativeMemory.reserve(room / BLOCK * BLOCK_BYTES, arena);
        }
    }

    /** Columns, filled up to whole blocks. */
    int padded() {
        return padded;
    }

    /** Puts zeros after the columns of a row of floats. */
    void pad(int row) {
        for (long i = (long) row * stride + columns, end = (long) (row + 1) * stride; i < end; i++) {
            floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, 0);
        }
    }

    /**
     * Elements between the start of one row and the next, of floats and bfloat16s: an odd multiple of 64, or the same columns of
     * many rows would compete for the same lines of the cache.
     */
    int stride() {
        return stride;
    }

    /** Bytes from the start of one row of floats to the next. */
    long rowBytes() {
        return (long) stride * Float.BYTES;
    }

    /**
     * Quantized rows lie block of columns by block of columns: rows from a block to the next, an odd multiple of two where there are
     * many, for the same reason.
     */
    int blockStride() {
        return blockStride;
    }

    MemorySegment floats() {
        return floats;
    }

    MemorySegment bfloats() {
        return bfloats;
    }

    MemorySegment levels() {
        return levels;
    }

    MemorySegment blocks() {
        return blocks;
    }
}
