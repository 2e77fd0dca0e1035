package dev.demotic.runtime.tensor;

import java.util.Arrays;
import java.util.Optional;

/**
 * How the elements of a tensor are stored: plain floats, or blocks of quantized weights with their scales.
 *
 * <p>Ids and block layouts are those of GGUF (ggml's {@code ggml_type}).
 */
public enum TensorType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    BF16(30, 1, 2);

    private final int id;
    private final int blockElements;
    private final int blockBytes;

    TensorType(int id, int blockElements, int blockBytes) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** The number that stands for this type in a GGUF file. */
    public int id() {
        return id;
    }

    /** Elements in one block; 1 for plain floats. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of one block. */
    public int blockBytes() {
        return blockBytes;
    }

    public boolean isQuantized() {
        return blockElements > 1;
    }

    /**
     * Bytes that {@code elements} elements take.
     *
     * @throws ArithmeticException if the count is no whole number of blocks, or the size overflows
     */
    public long bytes(long elements) {
        if (elements % blockElements != 0) {
            throw new ArithmeticException(elements + " elements are no whole number of " + this + " blocks");
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /** The type with this GGUF id, or empty where Demotic does not know it. */
    public static Optional<TensorType> of(int id) {
        return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
    }
}
