package dev.demotic.runtime.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for packed weights: few large areas, in which matrices lie one after the other as they are first used.
 *
 * <p>The operating system is asked to back them with huge pages. With small ones a stream of weights stops at every page: the
 * processor fetches ahead only within a page, and misses its table of pages a hundred times as often.
 */
final class WeightMemory {
    private static final long AREA = 64L << 20;
    private static final long ALIGNMENT = 64;

    private final Arena arena;
    private MemorySegment area = MemorySegment.NULL;
    private long used;

    WeightMemory(Arena arena) {
        this.arena = arena;
    }

    /**
     * Zeroed memory, aligned for vectors.
     *
     * @throws dev.demotic.runtime.DemoticException if the operating system refuses
     */
    MemorySegment allocate(long bytes) {
        if (used + bytes > area.byteSize()) {
            area = NativeMemory.reserveHuge(Math.max(bytes, AREA), arena);
            used = 0;
        }
        MemorySegment memory = area.asSlice(used, bytes);
        used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return memory;
    }
}
