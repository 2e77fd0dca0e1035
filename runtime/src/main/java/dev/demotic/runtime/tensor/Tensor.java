package dev.demotic.runtime.tensor;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * A named weight as it lies in a file.
 *
 * @param name the GGUF name, such as {@code blk.0.attn_q.weight}
 * @param type how the elements are stored
 * @param shape the dimensions with the contiguous one first, as GGUF has them: a matrix of R rows of width K is {K, R}
 * @param bytes gives the stored bytes, always the same segment; see {@link #data()}
 */
@SuppressWarnings("ArrayRecordComponent")
public record Tensor(String name, TensorType type, long[] shape, Supplier<MemorySegment> bytes) {
    public Tensor(String name, TensorType type, long[] shape, MemorySegment data) {
        this(name, type, shape, () -> data);
    }

    /**
     * The stored bytes: a view of the mapped file wherever the file holds them as they are. Where it holds them in another
     * order, the first call puts them together in memory, so do not call this to learn a tensor's size.
     */
    public MemorySegment data() {
        return bytes.get();
    }

    /** Width of a row: the contiguous dimension. */
    public long columns() {
        return shape.length == 0 ? 1 : shape[0];
    }

    /** How many rows of {@link #columns()} elements there are, over all outer dimensions. */
    public long rows() {
        long rows = 1;
        for (int i = 1; i < shape.length; i++) {
            rows *= shape[i];
        }
        return rows;
    }

    public long elements() {
        return columns() * rows();
    }

    /** Size of {@link #data()} in bytes. */
    public long byteSize() {
        return type.bytes(elements());
    }
}
