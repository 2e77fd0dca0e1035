package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A weight matrix: mapped from the file in its own format and, once a product has read it, in tiles where kernels want such. */
final class CpuWeights implements Weights {
    private final TensorType type;
    private final int rows;
    private final int columns;
    private final MemorySegment data;
    private final Arena arena;
    private MemorySegment tiles = MemorySegment.NULL;
    private volatile MemorySegment vector = MemorySegment.NULL;

    /** @param arena owns what is made of the weights */
    CpuWeights(TensorType type, int rows, int columns, MemorySegment data, Arena arena) {
        this.type = type;
        this.rows = rows;
        this.columns = columns;
        this.data = data;
        this.arena = arena;
    }

    @Override
    public TensorType type() {
        return type;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    /** The weights as the file has them. */
    MemorySegment data() {
        return data;
    }

    long rowBytes() {
        return type.bytes(columns);
    }

    /** The weights in tiles, or the null segment as long as they are not packed. */
    MemorySegment tiles() {
        return tiles;
    }

    /** Makes room for tiles. */
    MemorySegment allocateTiles(long bytes) {
        tiles = NativeMemory.reserve(bytes, arena);
        return tiles;
    }

    /** The only row as floats: gains of a norm, or a bias. Threads that come first together may each make their own. */
    MemorySegment vector() {
        MemorySegment made = vector;
        if (made.equals(MemorySegment.NULL)) {
            float[] values = new float[columns];
            type.dequantize(data, 0, values, 0, columns);
            made = NativeMemory.reserve(4L * columns, arena);
            MemorySegment.copy(values, 0, made, ValueLayout.JAVA_FLOAT, 0, columns);
            vector = made;
        }
        return made;
    }
}
