package dev.demotic.runtime.backend;

import java.lang.foreign.MemorySegment;

/**
 * Activations on the device: {@code rows} rows of {@code columns} floats, row-major.
 *
 * @param memory host memory or a device address
 */
public record Buffer(MemorySegment memory, int rows, int columns) {
    /** Bytes between the start of one row and the next. */
    public long stride() {
        return 4L * columns;
    }
}
