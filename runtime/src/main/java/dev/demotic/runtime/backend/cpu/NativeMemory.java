package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

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

    private static final long HUGE_PAGE = 2L << 20;
    private static final int MADV_HUGEPAGE = 14;
    private static final Optional<MethodHandle> MADVISE =
            System.getProperty("os.name").equals("Linux")
                    ? LINKER.defaultLookup()
                            .find("madvise")
                            .map(address -> LINKER.downcallHandle(
                                    address,
                                    FunctionDescriptor.of(
                                            ValueLayout.JAVA_INT,
                                            ValueLayout.ADDRESS,
                                            ValueLayout.JAVA_LONG,
                                            ValueLayout.JAVA_INT)))
                    : Optional.empty();

    private NativeMemory() {}

    /**
     * Reserves {@code bytes} bytes, aligned for vectors, for as long as the arena lives.
     *
     * @throws DemoticException if the operating system refuses
     */
    static MemorySegment reserve(long bytes, Arena owner) {
        return reserve(bytes, ALIGNMENT, owner);
    }

    /** {@link #reserve}, backed by huge pages where the operating system has them. */
    static MemorySegment reserveHuge(long bytes, Arena owner) {
        MemorySegment memory = reserve(bytes, HUGE_PAGE, owner);
        MADVISE.ifPresent(advise -> {
            try {
                int _ = (int) advise.invokeExact(memory, bytes, MADV_HUGEPAGE);
            } catch (Throwable thrown) {
                throw new IllegalStateException("madvise cannot be called", thrown);
            }
        });
        return memory;
    }

    private static MemorySegment reserve(long bytes, long alignment, Arena owner) {
        MemorySegment start = calloc(bytes + alignment);
        if (start.equals(MemorySegment.NULL)) {
            throw new DemoticException(
                    "the operating system refused %,d MB of memory; ask for a shorter context or take a smaller quantization"
                            .formatted(bytes >> 20));
        }
        MemorySegment all = start.reinterpret(bytes + alignment, owner, NativeMemory::free);
        return all.asSlice(-start.address() & (alignment - 1), bytes);
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
