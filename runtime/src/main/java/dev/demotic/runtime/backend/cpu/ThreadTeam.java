package dev.demotic.runtime.backend.cpu;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that compute: the caller and {@code size - 1} helpers, which share out the parts of a task.
 *
 * <p>Parts are claimed in ranges that shrink towards the end of the task (guided self-scheduling, Polychronopoulos and Kuck,
 * 1987), so a helper that the operating system took off its core delays only what it holds. Whoever waits spins for as long as
 * usually lies between two operations of a step, then parks and leaves its core to others: on a machine that is busy with
 * other work, a thread that slept is the next one to run. One thread at a time may call {@link #run}.
 */
final class ThreadTeam implements AutoCloseable {
    /** Some parts of an operation; parts are independent of each other. */
    interface Task {
        /**
         * @param from the first part
         * @param end the part after the last
         * @param worker which thread computes them, from 0: the index of its scratch memory
         */
        void run(int from, int end, int worker);
    }

    /** Some tens of microseconds. */
    private static final int SPINS = 4_000;

    private static final int FEW = 3;
    private static final Map<Integer, ThreadTeam> SHARED = new ConcurrentHashMap<>();

    private final Helper[] helpers;
    /**
     * The number of the task in the upper half, in the lower how many of its parts are unclaimed. One word tells both, so that
     * a helper that comes late cannot take the end of its task for the middle of the next.
     */
    private final AtomicLong claims = new AtomicLong();

    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Thread waiting;
    private @Nullable Task task;
    private int parts;

    private final Placement placement;
    private @Nullable Thread caller;

    ThreadTeam(int size) {
        this(size, Placement.FREE);
    }

    ThreadTeam(int size, Placement placement) {
        this.placement = placement;
        helpers = new Helper[size - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(i + 1);
        }
        for (Helper helper : helpers) {
            helper.thread.start();
        }
    }

    /** The team of so many threads for all who never compute at the same time; it lasts as long as the process, and sleeps unused. */
    static ThreadTeam shared(int size) {
        return SHARED.computeIfAbsent(size, ThreadTeam::new);
    }

    int size() {
        return helpers.length + 1;
    }

    /** Runs parts 0..count-1 of a task and returns when all are done. */
    void run(int count, Task work) {
        if (caller != Thread.currentThread()) {
            placement.enter(0);
            caller = Thread.currentThread();
        }
        if (count <= 1 || helpers.length == 0) {
            if (count > 0) {
                work.run(0, count, 0);
            }
            return;
        }
        task = work;
        parts = count;
        unfinished.set(count);
        long number = (claims.get() >>> 32) + 1;
        claims.set(number << 32 | count);
        for (Helper helper : helpers) {
            helper.wake();
        }
        takeParts(number, 0);
        awaitOthers();
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw new IllegalStateException("a compute thread failed", thrown);
        }
    }

    /** {@link #run} for parts of less than a microsecond: a few are not worth waking anyone for. */
    void runRows(int count, Task work) {
        if (count <= FEW) {
            work.run(0, count, 0);
        } else {
            run(count, work);
        }
    }

    private void awaitOthers() {
        for (int spins = 0; unfinished.get() > 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                waiting = Thread.currentThread();
                if (unfinished.get() > 0) {
                    LockSupport.park(this);
                }
                waiting = null;
            }
        }
    }

    /** Computes parts of task {@code number} until none is left; the fields hold while a claimed part is unfinished. */
    @SuppressWarnings("NullAway") // a claimed part has a task
    private void takeParts(long number, int worker) {
        int shares = 2 * size();
        for (long claim = claims.get(); claim >>> 32 == number && (int) claim > 0; claim = claims.get()) {
            int left = (int) claim;
            int count = Math.max(1, left / shares);
            if (claims.compareAndSet(claim, claim - count)) {
                int from = parts - left;
                try {
                    task.run(from, from + count, worker);
                } catch (RuntimeException | Error thrown) {
                    failure = thrown;
                } finally {
                    if (unfinished.addAndGet(-count) == 0 && worker > 0) {
                        LockSupport.unpark(waiting);
                    }
                }
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Helper helper : helpers) {
            helper.wake();
        }
    }

    /** A thread that takes parts of whatever task there is. */
    private final class Helper {
        private final int worker;
        private final Thread thread;
        private volatile boolean parked;

        Helper(int worker) {
            this.worker = worker;
            thread = Thread.ofPlatform()
                    .daemon()
                    .name("demotic-compute-" + worker)
                    .unstarted(this::help);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(thread);
            }
        }

        private void help() {
            placement.enter(worker);
            long seen = 0;
            while (!closed) {
                long number = claims.get() >>> 32;
                for (int spins = 0; number == seen && !closed; spins++, number = claims.get() >>> 32) {
                    if (spins < SPINS) {
                        Thread.onSpinWait();
                    } else {
                        parked = true;
                        if (claims.get() >>> 32 == seen && !closed) {
                            LockSupport.park(ThreadTeam.this);
                        }
                        parked = false;
                    }
                }
                seen = number;
                takeParts(number, worker);
            }
        }
    }
}
