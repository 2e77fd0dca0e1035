package dev.demotic.runtime.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that compute: the caller and {@code size - 1} helpers, which share out the parts of a task.
 *
 * <p>Parts are taken one by one, so a helper that the operating system took off its core delays only the part in its hands.
 * Helpers spin for the time that usually lies between two operations of a step, then park. One thread at a time may call
 * {@link #run}.
 */
final class ThreadTeam implements AutoCloseable {
    /** One part of an operation; parts are independent of each other. */
    interface Task {
        /**
         * @param part which part, from 0
         * @param worker which thread computes it, from 0: the index of its scratch memory
         */
        void run(int part, int worker);
    }

    private static final int SPINS = 2_000;

    private final Thread[] helpers;
    /**
     * The number of the task in the upper half, in the lower how many of its parts are unclaimed. One word tells both, so that
     * a helper that comes late cannot take the end of its task for the middle of the next.
     */
    private final AtomicLong claims = new AtomicLong();

    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private @Nullable Task task;

    ThreadTeam(int size) {
        helpers = new Thread[size - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform()
                    .daemon()
                    .name("demotic-compute-" + worker)
                    .unstarted(() -> help(worker));
        }
        for (Thread helper : helpers) {
            helper.start();
        }
    }

    int size() {
        return helpers.length + 1;
    }

    /** Runs parts 0..count-1 of a task and returns when all are done. */
    @SuppressWarnings("ThreadPriorityCheck") // yielding is a courtesy, nothing depends on it
    void run(int count, Task work) {
        if (count <= 1 || helpers.length == 0) {
            for (int part = 0; part < count; part++) {
                work.run(part, 0);
            }
            return;
        }
        task = work;
        unfinished.set(count);
        long number = (claims.get() >>> 32) + 1;
        claims.set(number << 32 | count);
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        takeParts(number, 0);
        for (int spins = 0; unfinished.get() > 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield(); // a helper that holds the last part may be waiting for this core
            }
        }
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw new IllegalStateException("a compute thread failed", thrown);
        }
    }

    /** Computes parts of task {@code number} until none is left; the task stays while a claimed part is unfinished. */
    @SuppressWarnings("NullAway") // a claimed part has a task
    private void takeParts(long number, int worker) {
        for (long claim = claims.get(); claim >>> 32 == number && (int) claim > 0; claim = claims.get()) {
            if (claims.compareAndSet(claim, claim - 1)) {
                try {
                    task.run((int) claim - 1, worker);
                } catch (RuntimeException | Error thrown) {
                    failure = thrown;
                } finally {
                    unfinished.decrementAndGet();
                }
            }
        }
    }

    private void help(int worker) {
        long seen = 0;
        while (!closed) {
            long number = claims.get() >>> 32;
            for (int spins = 0; number == seen && !closed; spins++, number = claims.get() >>> 32) {
                if (spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            seen = number;
            takeParts(number, worker);
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
