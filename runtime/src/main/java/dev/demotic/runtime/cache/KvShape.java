package dev.demotic.runtime.cache;

/**
 * The shape of a model's keys and values.
 *
 * @param layers layers that keep keys and values
 * @param heads key and value heads
 * @param headDimension floats of a head
 */
public record KvShape(int layers, int heads, int headDimension) {
    /** Positions in a block. */
    public static final int BLOCK = 16;

    /** Floats that one layer of a block takes: keys, then values. */
    public long layerFloats() {
        return 2L * heads * headDimension * BLOCK;
    }

    public long blockBytes() {
        return 4L * layers * layerFloats();
    }

    public long bytesPerToken() {
        return blockBytes() / BLOCK;
    }

    /** Blocks that hold {@code tokens} positions. */
    public static int blocks(int tokens) {
        return (tokens + BLOCK - 1) / BLOCK;
    }
}
