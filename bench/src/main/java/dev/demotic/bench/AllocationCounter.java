package dev.demotic.bench;

import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.stream.LongStream;

/** Counts the bytes that decoding takes from the Java heap: those of the thread that decodes, and of the engine's threads. */
final class AllocationCounter {
    private final com.sun.management.ThreadMXBean threads;
    private final long[] ids;

    private AllocationCounter(com.sun.management.ThreadMXBean threads, long[] ids) {
        this.threads = threads;
        this.ids = ids;
    }

    /**
     * A counter for the current thread and the engines that are open now; empty where the JVM does not count, or not for a
     * virtual thread such as this.
     */
    static Optional<AllocationCounter> here() {
        if (Thread.currentThread().isVirtual()
                || !(ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads)
                || !threads.isThreadAllocatedMemorySupported()) {
            return Optional.empty();
        }
        LongStream engines = Thread.getAllStackTraces().keySet().stream()
                .filter(AllocationCounter::computes)
                .mapToLong(Thread::threadId);
        long[] ids = LongStream.concat(LongStream.of(Thread.currentThread().threadId()), engines)
                .distinct()
                .toArray();
        return Optional.of(new AllocationCounter(threads, ids));
    }

    private static boolean computes(Thread thread) {
        return thread.getName().equals("demotic-batcher") || thread.getName().startsWith("demotic-compute-");
    }

    /** Bytes since the threads began; asking takes none. */
    long bytes() {
        long sum = 0;
        for (long id : ids) {
            sum += Math.max(0, threads.getThreadAllocatedBytes(id)); // -1 once a thread has ended
        }
        return sum;
    }
}
