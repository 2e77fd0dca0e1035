package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Zeroed memory that costs nothing until it is touched.
 *
 * <p>{@code Arena.allocate} writes zeros over all of it; C's {@code calloc} leaves large areas to the operating system, which
 * commits a page when it is first used. A KV cache for a long context then takes what its tokens take.
 */
final class NativeMemory {
    private static final long ALIGNMENT = 64;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CALLOC = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("calloc"),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private NativeMemory() {}

    /**
     * Reserves {@code bytes} bytes, aligned for vectors, for as long as the arena lives.
     *
     * @throws DemoticException if the operating system refuses
     */
    static MemorySegment reserve(long bytes, Arena owner) {
        MemorySegment start = calloc(bytes + ALIGNMENT);
        if (start.equals(MemorySegment.NULL)) {
            throw new DemoticException(
                    "the operating system refused %,d MB of memory; ask for a shorter context".formatted(bytes >> 20));
        }
        MemorySegment all = start.reinterpret(bytes + ALIGNMENT, owner, NativeMemory::free);
        return all.asSlice(-start.address() & (ALIGNMENT - 1), bytes);
    }

    private static MemorySegment calloc(long bytes) {
        try {
            return (MemorySegment) CALLOC.invokeExact(bytes, 1L);
        } catch (Throwable thrown) {
            throw new IllegalStateException("calloc cannot be called", thrown);
        }
    }

    private static void free(MemorySegment memory) {
        try {
            FREE.invokeExact(memory);
        } catch (Throwable thrown) {
            throw new IllegalStateException("free cannot be called", thrown);
        }
    }
}
