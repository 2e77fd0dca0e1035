package dev.demotic.runtime.tensor;

/** Turns the stored blocks of one {@link TensorType} into floats and back; any number of blocks at a time. */
interface Codec {
    /**
     * Reads {@code count} blocks.
     *
     * @param blocks holds the first block at {@code at}
     * @param values takes the first element at {@code to}
     */
    void dequantize(byte[] blocks, int at, float[] values, int to, int count);

    /**
     * Writes {@code count} blocks, choosing scales that keep the error small. Values must be finite.
     *
     * @param values holds the first element at {@code from}
     * @param blocks takes the first block at {@code at}
     */
    void quantize(float[] values, int from, byte[] blocks, int at, int count);
}
