package dev.demotic.runtime.backend.cpu;

import static dev.demotic.runtime.cache.KvShape.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.cache.KvShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Keys and values in host memory: [block][layer][keys, values][head], keys as [dimension][slot], values as [slot][dimension].
 *
 * <p>Keys lie transposed so that the scores of a block's slots are the lanes of a vector and no sum runs across lanes.
 */
final class CpuKvStore implements KvStore {
    private final KvShape shape;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    CpuKvStore(KvShape shape, int blocks) {
        this.shape = shape;
        memory = NativeMemory.reserve(Math.multiplyExact(shape.blockBytes(), (long) blocks), arena);
    }

    MemorySegment memory() {
        return memory;
    }

    long keys(int block, int layer, int head) {
        return block * shape.blockBytes()
                + 4L * layer * shape.layerFloats()
                + 4L * head * shape.headDimension() * BLOCK;
    }

    long values(int block, int layer, int head) {
        return keys(block, layer, head) + 2L * shape.layerFloats();
    }

    /** Writes one row of keys and values, all heads of a layer. */
    void write(int block, int slot, int layer, Buffer keys, Buffer values, int row) {
        int dimension = shape.headDimension();
        for (int head = 0; head < shape.heads(); head++) {
            long from = row * keys.stride() + 4L * head * dimension;
            long to = keys(block, layer, head) + 4L * slot;
            for (int d = 0; d < dimension; d++) {
                memory.set(JAVA_FLOAT, to + 4L * d * BLOCK, keys.memory().get(JAVA_FLOAT, from + 4L * d));
            }
            MemorySegment.copy(
                    values.memory(), from, memory, values(block, layer, head) + 4L * slot * dimension, 4L * dimension);
        }
    }

    @Override
    public void copyBlock(int from, int to) {
        MemorySegment.copy(memory, from * shape.blockBytes(), memory, to * shape.blockBytes(), shape.blockBytes());
    }

    @Override
    public void move(int fromBlock, int fromSlot, int toBlock, int toSlot) {
        int dimension = shape.headDimension();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (int head = 0; head < shape.heads(); head++) {
                long from = keys(fromBlock, layer, head) + 4L * fromSlot;
                long to = keys(toBlock, layer, head) + 4L * toSlot;
                for (int d = 0; d < dimension; d++) {
                    memory.set(JAVA_FLOAT, to + 4L * d * BLOCK, memory.get(JAVA_FLOAT, from + 4L * d * BLOCK));
                }
                MemorySegment.copy(
                        memory,
                        values(fromBlock, layer, head) + 4L * fromSlot * dimension,
                        memory,
                        values(toBlock, layer, head) + 4L * toSlot * dimension,
                        4L * dimension);
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
