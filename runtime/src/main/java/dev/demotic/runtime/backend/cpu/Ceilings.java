package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the processor can do at most: the roofs that a model's speed is measured against.
 *
 * <p>Runs on a team of threads like the model's own, in native code where this build has it, else in the Vector API. Each call
 * measures anew and takes milliseconds, so that measurements of other things can go between. Used by one thread at a time.
 */
public final class Ceilings implements AutoCloseable {
    /** A buffer of this size is larger than caches, and reading more of the same tells nothing new. */
    private static final long MOST_BYTES = 1L << 30;

    /** Parts of a measurement for each thread: as in the model's operations, no thread waits for a slow one for long. */
    private static final int PARTS = 16;

    private static final long PAGE = 4096;
    private static final int READS = 3;
    /** Rounds of a part: some tenths of a millisecond. */
    private static final int ROUNDS = 50_000;

    private final Arena arena = Arena.ofShared();
    private final ThreadTeam team;
    private final int parts;
    private final MemorySegment memory;
    private final long slice;
    /** The native loops for this processor's best instructions; 0 for none. */
    private final long nativeSet;

    private volatile double sink;

    /**
     * @param threads that measure together
     * @param bytes the buffer that {@link #bandwidth} reads: best as large as a model's weights, since caches hold a small one; at
     *     most 1 GiB is taken
     * @throws DemoticException without the Vector API
     */
    public Ceilings(int threads, long bytes) {
        if (!KernelSets.VECTOR_API) {
            throw new DemoticException(
                    "measuring needs the Vector API; start java with --add-modules jdk.incubator.vector");
        }
        nativeSet = NativeLibrary.sets().stream()
                .mapToLong(NativeLibrary.KernelSet::address)
                .findFirst()
                .orElse(0);
        team = new ThreadTeam(threads);
        parts = threads * PARTS;
        slice = (Math.clamp(bytes, parts, MOST_BYTES) / parts + PAGE - 1) / PAGE * PAGE;
        memory = NativeMemory.reserveHuge(slice * parts, arena);
        run((from, end) -> memory.asSlice(from * slice, (end - from) * slice).fill((byte) 1)); // commits the pages
    }

    /** Bytes a second that all threads together read of the buffer, from its start to its end. */
    public double bandwidth() {
        run(this::read); // so that caches hold of the buffer what they will, and not what was read before
        double seconds = 0;
        for (int i = 0; i < READS; i++) {
            seconds += run(this::read);
        }
        return READS * memory.byteSize() / seconds;
    }

    /** Whether {@link #int8Operations} can be measured: only native code has such dot products. */
    public boolean hasInt8() {
        return nativeSet != 0;
    }

    /** Operations a second of 8-bit dot products on registers, two for each multiplication. */
    public double int8Operations() {
        double each = int8(1);
        double seconds = run((from, end) -> sink = int8((long) (end - from) * ROUNDS));
        return each * ROUNDS * parts / seconds;
    }

    /** Operations a second of fused multiply-adds of floats on registers, two for each. */
    public double floatOperations() {
        double seconds = run((from, end) -> sink = VectorLoops.multiplyAdd((end - from) * ROUNDS));
        return VectorLoops.OPERATIONS * ROUNDS * parts / seconds;
    }

    private void read(int from, int end) {
        MemorySegment part = memory.asSlice(from * slice, (end - from) * slice);
        sink = nativeSet == 0 ? VectorLoops.read(part) : read(part);
    }

    private long read(MemorySegment part) {
        try {
            return (long) NativeLibrary.READ_STREAM.invokeExact(nativeSet, part.address(), part.byteSize());
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    private double int8(long rounds) {
        try {
            return (double) NativeLibrary.INT8_PEAK.invokeExact(nativeSet, rounds);
        } catch (Throwable thrown) {
            throw NativeLibrary.failed(thrown);
        }
    }

    @FunctionalInterface
    private interface Part {
        void run(int from, int end);
    }

    private double run(Part part) {
        long began = System.nanoTime();
        team.run(parts, (from, end, _) -> part.run(from, end));
        return (System.nanoTime() - began) * 1e-9;
    }

    @Override
    public void close() {
        team.close();
        arena.close();
    }
}
