package dev.demotic.runtime.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Where the threads of a team run: wherever the operating system puts them, or each on a core of its own. */
@FunctionalInterface
interface Placement {
    /** The operating system decides. */
    Placement FREE = _ -> {};

    /** Called by each thread of a team before it computes for the first time, with its number in the team. */
    void enter(int worker);

    /**
     * A physical core for each thread, for good; with more threads than cores they go round.
     *
     * @param first the first thread's core, from 0
     * @throws DemoticException if threads cannot be pinned here
     */
    static Placement pinned(int first) {
        List<Integer> processors = PhysicalCores.processors();
        if (processors.isEmpty()) {
            throw new DemoticException("threads can be pinned to cores on Linux only; open the model without that");
        }
        if (!Affinity.isGranted()) {
            throw new DemoticException(
                    "the operating system does not let this process pin threads to cores; open the model without that");
        }
        return worker -> Affinity.pin(processors.get((first + worker) % processors.size()));
    }

    /** Linux's sched_setaffinity(2), which sets the logical processors that the calling thread may run on. */
    final class Affinity {
        private static final MethodHandle GET = handle("sched_getaffinity");
        private static final MethodHandle SET = handle("sched_setaffinity");
        /** Bytes of a set of processors: one bit for each of the 8192 that a Linux kernel can have. */
        private static final long SET_BYTES = 1024;

        private Affinity() {}

        /** Whether the current thread may set what it has already: a sandbox can forbid it. */
        static boolean isGranted() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment processors = arena.allocate(SET_BYTES, Long.BYTES);
                return call(GET, processors) >= 0 && call(SET, processors) >= 0;
            }
        }

        static void pin(int processor) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment processors = arena.allocate(SET_BYTES, Long.BYTES);
                processors.setAtIndex(JAVA_LONG, processor / Long.SIZE, 1L << processor);
                int _ = call(SET, processors);
            }
        }

        private static int call(MethodHandle function, MemorySegment processors) {
            try {
                return (int) function.invokeExact(0, SET_BYTES, processors);
            } catch (Throwable thrown) {
                throw new IllegalStateException("the affinity of threads cannot be called for", thrown);
            }
        }

        private static MethodHandle handle(String function) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(
                    linker.defaultLookup().findOrThrow(function),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
        }
    }
}
