package dev.demotic.runtime.backend.cpu;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that compute: the caller and {@code size - 1} helpers, which share out the parts of a task.
 *
 * <p>Each thread has a range of parts, which it takes from the front, half of what is left at a time: weights that lie one after the other
 * are one stream for it. Whoever is done takes from the ends of the others' ranges, likewise, so a helper that the operating system took
 * off its core delays only what it holds. Whoever waits spins for as long as
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
    /** Words from one worker's to the next. */
    private static final int LINE = 16;

    private static final Map<Integer, ThreadTeam> SHARED = new ConcurrentHashMap<>();

    private final Helper[] helpers;
    /** By worker, a cache line or two apart: its unclaimed parts, the first in the upper half of the word, the end in the lower. */
    private final AtomicLongArray unclaimed;
    /** How many tasks there were: helpers look for parts when it grows. */
    private final AtomicLong tasks = new AtomicLong();

    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Thread waiting;
    private @Nullable Task task;

    private final Placement placement;
    private @Nullable Thread caller;

    ThreadTeam(int size) {
        this(size, Placement.FREE);
    }

    ThreadTeam(int size, Placement placement) {
        this.placement = placement;
        unclaimed = new AtomicLongArray(size * LINE);
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
        unfinished.set(count);
        for (int worker = 0; worker < size(); worker++) {
            int from = (int) ((long) count * worker / size());
            int end = (int) ((long) count * (worker + 1) / size());
            unclaimed.set(worker * LINE, (long) from << 32 | end);
        }
        tasks.incrementAndGet();
        for (Helper helper : helpers) {
            helper.wake();
        }
        takeParts(0);
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

    /** Computes parts of the task until none is left: its own, then those of others. */
    private void takeParts(int worker) {
        for (int i = 0; i < size(); i++) {
            int owner = (worker + i) % size();
            while (takeSome(owner, worker)) {}
        }
    }

    /**
     * Computes some of an owner's parts, if it has any left. The fields hold while a claimed part is unfinished, so whoever comes late
     * and claims parts of a later task computes these.
     */
    private boolean takeSome(int owner, int worker) {
        long range = unclaimed.get(owner * LINE);
        int from = (int) (range >>> 32);
        int end = (int) range;
        if (from >= end) {
            return false;
        }
        boolean takesFront = owner == worker;
        int middle = from + (end - from + (takesFront ? 1 : 0)) / 2;
        long rest = takesFront ? (long) middle << 32 | end : (long) from << 32 | middle;
        if (unclaimed.compareAndSet(owner * LINE, range, rest)) {
            compute(takesFront ? from : middle, takesFront ? middle : end, worker);
        }
        return true;
    }

    @SuppressWarnings("NullAway") // a claimed part has a task
    private void compute(int from, int end, int worker) {
        try {
            task.run(from, end, worker);
        } catch (RuntimeException | Error thrown) {
            failure = thrown;
        } finally {
            if (unfinished.addAndGet(from - end) == 0 && worker > 0) {
                LockSupport.unpark(waiting);
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
                for (int spins = 0; tasks.get() == seen && !closed; spins++) {
                    if (spins < SPINS) {
                        Thread.onSpinWait();
                    } else {
                        parked = true;
                        if (tasks.get() == seen && !closed) {
                            LockSupport.park(ThreadTeam.this);
                        }
                        parked = false;
                    }
                }
                seen = tasks.get();
                takeParts(worker);
            }
        }
    }
}
