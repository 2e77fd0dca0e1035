package dev.demotic.runtime.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The working memory of one compute thread, which grows to the largest use so far. */
final class Scratch {
    private final Arena arena;
    private float[] tile = new float[0];
    private float[] scores = new float[0];
    private float[] query = new float[0];
    private float[] sum = new float[0];
    private final byte[] blocks = new byte[4096];
    private MemorySegment block = MemorySegment.NULL;
    private MemorySegment floats = MemorySegment.NULL;

    Scratch(Arena arena) {
        this.arena = arena;
    }

    float[] tile(int length) {
        tile = atLeast(length, tile);
        return tile;
    }

    float[] scores(int length) {
        scores = atLeast(length, scores);
        return scores;
    }

    float[] query(int length) {
        query = atLeast(length, query);
        return query;
    }

    float[] sum(int length) {
        sum = atLeast(length, sum);
        return sum;
    }

    /** Room for stored blocks of weights. */
    byte[] blocks() {
        return blocks;
    }

    /** The keys or values of a block. */
    MemorySegment block(int length) {
        block = atLeast(length, block);
        return block;
    }

    /** Floats outside the heap. */
    MemorySegment floats(long length) {
        floats = atLeast(length, floats);
        return floats;
    }

    private static float[] atLeast(int length, float[] array) {
        return array.length >= length ? array : new float[Math.max(length, 2 * array.length)];
    }

    private MemorySegment atLeast(long length, MemorySegment memory) {
        long bytes = length * Float.BYTES;
        return memory.byteSize() >= bytes
                ? memory
                : NativeMemory.reserve(Math.max(bytes, 2 * memory.byteSize()), arena);
    }
}
