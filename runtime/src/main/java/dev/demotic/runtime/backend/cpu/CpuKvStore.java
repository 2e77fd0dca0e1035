package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.cache.KvType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Keys and values in host memory: [block][layer][keys, values][head], keys as [dimension][slot], values as [slot][dimension],
 * each followed by a scale for each slot where the type has scales.
 *
 * <p>Keys lie transposed so that the scores of a block's slots are the lanes of a vector and no sum runs across lanes.
 */
final class CpuKvStore implements KvStore {
    private final KvShape shape;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    CpuKvStore(KvShape shape, int blocks) {
        this.shape = shape;
        memory = NativeMemory.reserveHuge(Math.multiplyExact(shape.blockBytes(), (long) blocks), arena);
    }

    KvShape shape() {
        return shape;
    }

    MemorySegment memory() {
        return memory;
    }

    /** Where a head's keys begin. */
    long keys(int block, int layer, int head) {
        return block * shape.blockBytes() + layer * shape.layerBytes() + head * shape.headBytes();
    }

    /** Where a head's values begin. */
    long values(int block, int layer, int head) {
        return keys(block, layer, head) + valuesAt();
    }

    /** From a head's keys to its values. */
    long valuesAt() {
        return shape.heads() * shape.headBytes();
    }

    /** Writes one head's key into a slot. */
    void writeKey(int block, int layer, int head, int slot, MemorySegment key, long offset) {
        write(keys(block, layer, head), slot, slot, BLOCK, key, offset);
    }

    /** Writes one head's value into a slot. */
    void writeValue(int block, int layer, int head, int slot, MemorySegment value, long offset) {
        write(values(block, layer, head), slot, slot * shape.headDimension(), 1, value, offset);
    }

    private void write(long at, int slot, int first, int step, MemorySegment from, long offset) {
        int dimension = shape.headDimension();
        float inverse = 1;
        if (shape.type() == KvType.Q8) {
            float largest = 0;
            for (int d = 0; d < dimension; d++) {
                largest = Math.max(largest, Math.abs(from.get(JAVA_FLOAT_UNALIGNED, offset + 4L * d)));
            }
            memory.set(JAVA_FLOAT_UNALIGNED, scale(at, slot), largest / 127);
            inverse = largest > 1e-35f ? 127 / largest : 0; // so small a head that its inverse overflows counts as zero
        }
        for (int d = 0; d < dimension; d++) {
            long element = at + (first + (long) d * step) * shape.type().bytes();
            float x = from.get(JAVA_FLOAT_UNALIGNED, offset + 4L * d);
            switch (shape.type()) {
                case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, element, x);
                case F16 -> memory.set(JAVA_SHORT_UNALIGNED, element, Float.floatToFloat16(x));
                case BF16 -> memory.set(JAVA_SHORT_UNALIGNED, element, bfloat16(x));
                case Q8 -> memory.set(JAVA_BYTE, element, (byte) Math.rint(x * inverse));
            }
        }
    }

    /** Rounds to nearest, ties to even; what is no number stays none. */
    private static short bfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? (short) (bits >>> 16 | 0x40) : (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    private long scale(long at, int slot) {
        return at + shape.headBytes() - (long) (BLOCK - slot) * Float.BYTES;
    }

    /** One head's keys of a block as floats, [dimension][slot]. */
    void readKeys(int block, int layer, int head, MemorySegment out) {
        read(keys(block, layer, head), 0, BLOCK * shape.headDimension(), 1, BLOCK, out);
    }

    /** One head's values of a block as floats, [slot][dimension]. */
    void readValues(int block, int layer, int head, MemorySegment out) {
        int dimension = shape.headDimension();
        read(values(block, layer, head), 0, BLOCK * dimension, dimension, BLOCK, out);
    }

    /** Element i belongs to slot i / {@code divisor} % {@code modulus}. */
    private void read(long at, int from, int end, int divisor, int modulus, MemorySegment out) {
        for (int i = from; i < end; i++) {
            long element = at + (long) i * shape.type().bytes();
            float x = switch (shape.type()) {
                case F32 -> memory.get(JAVA_FLOAT_UNALIGNED, element);
                case F16 -> Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, element));
                case BF16 -> Float.intBitsToFloat(memory.get(JAVA_SHORT_UNALIGNED, element) << 16);
                case Q8 ->
                    memory.get(JAVA_BYTE, element) * memory.get(JAVA_FLOAT_UNALIGNED, scale(at, i / divisor % modulus));
            };
            out.setAtIndex(JAVA_FLOAT_UNALIGNED, i, x);
        }
    }

    @Override
    public void copyBlock(int from, int to) {
        MemorySegment.copy(memory, from * shape.blockBytes(), memory, to * shape.blockBytes(), shape.blockBytes());
    }

    @Override
    public void move(int fromBlock, int fromSlot, int toBlock, int toSlot) {
        int bytes = shape.type().bytes();
        long row = (long) shape.headDimension() * bytes;
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (int head = 0; head < shape.heads(); head++) {
                long fromKeys = keys(fromBlock, layer, head);
                long toKeys = keys(toBlock, layer, head);
                for (int d = 0; d < shape.headDimension(); d++) {
                    long column = (long) d * BLOCK * bytes;
                    moveBytes(
                            fromKeys + column + (long) fromSlot * bytes,
                            toKeys + column + (long) toSlot * bytes,
                            bytes);
                }
                long fromValues = values(fromBlock, layer, head);
                long toValues = values(toBlock, layer, head);
                moveBytes(fromValues + fromSlot * row, toValues + toSlot * row, row);
                if (shape.type() == KvType.Q8) {
                    moveBytes(scale(fromKeys, fromSlot), scale(toKeys, toSlot), Float.BYTES);
                    moveBytes(scale(fromValues, fromSlot), scale(toValues, toSlot), Float.BYTES);
                }
            }
        }
    }

    private void moveBytes(long from, long to, long bytes) {
        switch ((int) bytes) {
            case 1 -> memory.set(JAVA_BYTE, to, memory.get(JAVA_BYTE, from));
            case 2 -> memory.set(JAVA_SHORT_UNALIGNED, to, memory.get(JAVA_SHORT_UNALIGNED, from));
            case 4 -> memory.set(JAVA_FLOAT_UNALIGNED, to, memory.get(JAVA_FLOAT_UNALIGNED, from));
            default -> MemorySegment.copy(memory, from, memory, to, bytes);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
