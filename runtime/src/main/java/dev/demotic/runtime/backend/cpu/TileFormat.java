package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.tensor.TensorType;
import org.jspecify.annotations.Nullable;

/** How native products read weights (see demotic.h). */
enum TileFormat {
    F32(0, 2, 4 * 2, 0),
    F16(1, 2, 2 * 2, 0),
    BF16(2, 4, 2 * 4, 0),
    Q8_0(3, 32, 2 + 32, 0),
    Q4_0(4, 32, 2 + 16, 0),
    Q4_K(5, 32, 2 + 16, 4),
    Q5_K(6, 32, 2 + 16 + 4, 4),
    Q6_K(7, 32, 2 + 16 + 8, 2);

    /** Weight rows of a tile. */
    static final int ROWS = 16;

    private static final int SUPER_BLOCK = 256;

    private final int id;
    private final int step;
    private final int stepBytes;
    private final int superBytes;

    /**
     * @param id the number of the format in demotic.h
     * @param step columns that belong together
     * @param stepBytes their bytes, for each row
     * @param superBytes bytes before each 256 columns, for each row
     */
    TileFormat(int id, int step, int stepBytes, int superBytes) {
        this.id = id;
        this.step = step;
        this.stepBytes = stepBytes;
        this.superBytes = superBytes;
    }

    /** The format that holds weights of a type bit for bit, or null if they must be unpacked to floats. */
    static @Nullable TileFormat of(TensorType type) {
        return switch (type) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
            case Q4_K -> Q4_K;
            case Q5_K -> Q5_K;
            case Q6_K -> Q6_K;
            default -> null;
        };
    }

    int id() {
        return id;
    }

    /** Columns, filled up to whole steps. */
    int padded(int columns) {
        return (columns + step - 1) / step * step;
    }

    /** Bytes of a tile of this many columns. */
    long tileBytes(int columns) {
        return (long) ROWS * (padded(columns) / step * stepBytes + columns / SUPER_BLOCK * superBytes);
    }
}
