package dev.demotic.runtime.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * How the elements of a tensor are stored: plain floats, or blocks of quantized weights with their scales.
 *
 * <p>Ids and block layouts are those of GGUF (ggml's {@code ggml_type}).
 */
public enum TensorType {
    F32(0, 1, 4, FloatCodec.F32),
    F16(1, 1, 2, FloatCodec.F16),
    Q4_0(2, 32, 18, BlockCodec.Q4_0),
    Q4_1(3, 32, 20, BlockCodec.Q4_1),
    Q5_0(6, 32, 22, BlockCodec.Q5_0),
    Q5_1(7, 32, 24, BlockCodec.Q5_1),
    Q8_0(8, 32, 34, BlockCodec.Q8_0),
    Q2_K(10, 256, 84, SuperBlockCodec.Q2_K),
    Q3_K(11, 256, 110, SuperBlockCodec.Q3_K),
    Q4_K(12, 256, 144, SuperBlockCodec.Q4_K),
    Q5_K(13, 256, 176, SuperBlockCodec.Q5_K),
    Q6_K(14, 256, 210, SuperBlockCodec.Q6_K),
    BF16(30, 1, 2, FloatCodec.BF16);

    /** Elements that are staged on the heap at a time, so that the loops over blocks run on plain arrays. */
    private static final int CHUNK = 2048;

    private static final String[] GGML_NAMES = {
        "F32", "F16", "Q4_0", "Q4_1", "Q4_2", "Q4_3", "Q5_0", "Q5_1", "Q8_0", "Q8_1",
        "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S",
        "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32", "I64", "F64", "IQ1_M",
        "BF16", "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "TQ1_0", "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4",
        "NVFP4",
    };

    private final int id;
    private final int blockElements;
    private final int blockBytes;

    @SuppressWarnings("ImmutableEnumChecker") // every codec is an enum constant
    private final Codec codec;

    TensorType(int id, int blockElements, int blockBytes, Codec codec) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.codec = codec;
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

    /**
     * Reads elements as floats, exactly as ggml computes them in single precision.
     *
     * @param source stored blocks
     * @param offset where in {@code source} the first block begins, in bytes
     * @param target takes the floats
     * @param at index of the first float in {@code target}
     * @param elements how many; a whole number of blocks
     */
    public void dequantize(MemorySegment source, long offset, float[] target, int at, int elements) {
        dequantize(source, offset, target, at, elements, new byte[(int) bytes(Math.min(elements, CHUNK))]);
    }

    /**
     * {@link #dequantize(MemorySegment, long, float[], int, int)} without allocating.
     *
     * @param blocks working memory for at least one block; more makes it faster
     */
    public void dequantize(MemorySegment source, long offset, float[] target, int at, int elements, byte[] blocks) {
        int chunk = blocks.length / blockBytes * blockElements;
        for (int done = 0; done < elements; done += chunk) {
            int count = Math.min(elements - done, chunk) / blockElements;
            MemorySegment.copy(source, JAVA_BYTE, offset + bytes(done), blocks, 0, count * blockBytes);
            codec.dequantize(blocks, 0, target, at + done, count);
        }
    }

    /**
     * Stores finite floats in this type's blocks, rounded to what the blocks can hold.
     *
     * @param source the floats
     * @param from index of the first float in {@code source}
     * @param target takes the blocks
     * @param offset where in {@code target} the first block goes, in bytes
     * @param elements how many; a whole number of blocks
     */
    public void quantize(float[] source, int from, MemorySegment target, long offset, int elements) {
        byte[] blocks = new byte[(int) bytes(Math.min(elements, CHUNK))];
        for (int done = 0; done < elements; done += CHUNK) {
            int count = Math.min(elements - done, CHUNK) / blockElements;
            codec.quantize(source, from + done, blocks, 0, count);
            MemorySegment.copy(blocks, 0, target, JAVA_BYTE, offset + bytes(done), count * blockBytes);
        }
    }

    /** The largest magnitude that can be stored; quantized types are bound by their half-precision scales. */
    public float largest() {
        return switch (this) {
            case F32 -> Float.MAX_VALUE;
            case BF16 -> 0x1.fep127f;
            default -> 65504;
        };
    }

    /** What ggml calls the type with this id, known to Demotic or not, such as {@code IQ4_XS}. */
    public static String nameOf(int id) {
        return 0 <= id && id < GGML_NAMES.length ? GGML_NAMES[id] : "unknown";
    }

    /** The type with this GGUF id, or empty where Demotic does not know it. */
    public static Optional<TensorType> of(int id) {
        return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
    }
}
