package dev.demotic.runtime.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The rows that products are about to read, in each form that one of them wants.
 *
 * <p>Memory grows to the largest use so far. Rows are padded with zeros to whole blocks.
 */
final class Rows {
    /** Columns of a quantized block; every row is padded to a multiple of it. */
    static final int BLOCK = 32;
    /** Bytes that describe a quantized block beside its levels. */
    static final int BLOCK_BYTES = 16;

    private final Arena arena;
    private MemorySegment floats = MemorySegment.NULL;
    private MemorySegment bfloats = MemorySegment.NULL;
    private MemorySegment levels = MemorySegment.NULL;
    private MemorySegment blocks = MemorySegment.NULL;
    private int columns;
    private int stride;

    Rows(Arena arena) {
        this.arena = arena;
    }

    /** Makes room for rows of {@code columns} elements; what was there is gone. */
    void reserve(int rows, int columns) {
        this.columns = columns;
        stride = padded(columns);
        long elements = (long) rows * stride;
        if (elements * Float.BYTES > floats.byteSize()) {
            long room = Math.max(elements, floats.byteSize() / 2);
            floats = NativeMemory.reserve(room * Float.BYTES, arena);
            bfloats = NativeMemory.reserve(room * Short.BYTES, arena);
            levels = NativeMemory.reserve(room, arena);
            blocks = NativeMemory.reserve(room / BLOCK * BLOCK_BYTES, arena);
        }
        if (stride != columns) {
            floats.asSlice(0, elements * 4).fill((byte) 0);
        }
    }

    private static int padded(int columns) {
        return (columns + BLOCK - 1) / BLOCK * BLOCK;
    }

    int columns() {
        return columns;
    }

    /** Elements between the start of one row and the next, in every form. */
    int stride() {
        return stride;
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
