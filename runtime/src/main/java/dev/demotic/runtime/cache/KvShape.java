package dev.demotic.runtime.cache;

/**
 * The shape of a model's keys and values.
 *
 * @param layers layers that keep keys and values
 * @param heads key and value heads
 * @param headDimension elements of a head
 * @param type how an element is kept
 */
public record KvShape(int layers, int heads, int headDimension, KvType type) {
    /** Positions in a block. */
    public static final int BLOCK = 16;

    /** Bytes of one head's keys in a block, and of its values. */
    public long headBytes() {
        return (long) headDimension * BLOCK * type.bytes() + type.scaleBytes();
    }

    /** Bytes of one layer of a block: keys, then values. */
    public long layerBytes() {
        return 2L * heads * headBytes();
    }

    public long blockBytes() {
        return layers * layerBytes();
    }

    /** Blocks that hold {@code tokens} positions. */
    public static int blocks(int tokens) {
        return (tokens + BLOCK - 1) / BLOCK;
    }
}
