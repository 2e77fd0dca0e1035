package dev.demotic.runtime.backend;

import java.lang.foreign.MemorySegment;

/**
 * Activations on the device: {@code rows} rows of {@code columns} floats.
 *
 * @param memory host memory or a device address
 * @param stride bytes between the start of one row and the next, at least those of a row
 */
public record Buffer(MemorySegment memory, int rows, int columns, long stride) {
    /** Rows that follow each other without a gap. */
    public Buffer(MemorySegment memory, int rows, int columns) {
        this(memory, rows, columns, 4L * columns);
    }

    /** Bytes of a row. */
    public long rowBytes() {
        return 4L * columns;
    }

    /** The same memory with shorter rows. */
    public Buffer narrowed(int width) {
        return new Buffer(memory, rows, width, stride);
    }
}
