package dev.demotic.runtime.batch;

import dev.demotic.runtime.BatchStatistics;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.model.Decoder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Joins the passes of all waiting sequences into steps, and runs them one after the other.
 *
 * <p>A step takes any mix of single tokens, draft trees and prompt chunks. Short passes go first, so that a long prompt does
 * not hold up those who are decoding. Before a step starts, sequences that took part in the one before, or came while it ran, get a
 * moment to come back: lockstep requests then stay together instead of falling apart into batches of one. Where other models compute
 * meanwhile, those sequences may be drafting with them, and get longer.
 *
 * <p>Steps run on the batcher's thread, but for a pass that has no company: its own thread computes that, since to hand it over
 * and back takes as long as a small draft model's step.
 */
public final class Batcher implements AutoCloseable {
    /** How long a step waits for the sequences of the one before, while nothing else computes. */
    private static final long STRAGGLER_NANOS = 300_000;
    /** How long it waits for them at the most, unless the step before was shorter. */
    private static final long LONGEST_WAIT_NANOS = 20_000_000;

    private final JointStep step;
    private final Turns.Party turns;
    private final boolean callersCompute;

    private final Thread worker;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Request> queue = new ArrayDeque<>();
    /** Whether a thread has the step, from planning to handing back. */
    private boolean isComputing;

    private volatile int expected;
    /** Sequences that are to come back together. */
    private int resting;

    private long stepBegan;
    private long stepNanos;
    private volatile boolean closed;
    private volatile BatchStatistics statistics = new BatchStatistics(0, 0, 0);

    /**
     * @param turns at the cores, which other models use too; closed with this batcher
     * @param callersCompute whether threads with a pass may compute: not where the compute threads are bound to cores
     */
    public Batcher(Decoder decoder, KvStore store, Step step, Turns.Party turns, boolean callersCompute) {
        this.step = new JointStep(decoder, store, step);
        this.turns = turns;
        this.callersCompute = callersCompute;
        worker = Thread.ofPlatform().daemon().name("demotic-batcher").unstarted(this::work);
    }

    /** Starts the compute thread. */
    public Batcher start() {
        worker.start();
        return this;
    }

    /**
     * Evaluates a pass for a sequence and returns when its outputs are there.
     *
     * @throws CancellationException if the thread is interrupted; the interrupt stays set
     * @throws DemoticException if the model is closed or puts out something that is no number
     */
    public void run(Request request, Pass pass) {
        if (Thread.currentThread().isInterrupted()) {
            throw cancelled();
        }
        letOthersCome();
        request.begin(pass);
        if (enter(request)) {
            compute(request);
        } else {
            LockSupport.unpark(worker);
        }
        await(request);
        Throwable failure = request.failure;
        if (failure != null) {
            throw told(failure);
        }
    }

    private static RuntimeException told(Throwable failure) {
        return switch (failure) {
            case DemoticException known -> new DemoticException(String.valueOf(known.getMessage()), known);
            // That is how the JVM tells of pages of a mapped file that are not there any more.
            case InternalError fault
            when String.valueOf(fault.getMessage()).contains("unsafe memory access") ->
                new DemoticException(
                        "the model's file cannot be read any more, as if it had been cut short; restore it and open the model again",
                        fault);
            default -> new IllegalStateException("the forward pass failed", failure);
        };
    }

    /** A virtual thread that computes keeps its carrier from others, which may be about to bring passes. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing but speed depends on it
    private void letOthersCome() {
        if (callersCompute && Thread.currentThread().isVirtual()) {
            Thread.yield();
        }
    }

    /** Queues a pass; true if its thread is to compute the step, because there is no other pass to share one with. */
    private boolean enter(Request request) {
        lock.lock();
        try {
            if (closed) {
                throw new DemoticException("the model is closed; open it again to go on");
            }
            if (expected == 0) {
                expected = resting;
                resting = 0;
            }
            boolean isAlone = callersCompute && !isComputing && queue.isEmpty() && expected <= 1;
            isComputing |= isAlone;
            queue.addLast(request);
            return isAlone;
        } finally {
            lock.unlock();
        }
    }

    /** Computes steps on the thread of a pass, as long as it stays alone. */
    private void compute(Request own) {
        while (finish(step(), own)) {
            letOthersCome();
        }
    }

    private void await(Request request) {
        boolean interrupted = false;
        while (!request.isDone) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                interrupted = true;
                cancel(request);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
            throw cancelled();
        }
    }

    private static CancellationException cancelled() {
        return new CancellationException("decoding was interrupted");
    }

    /** Says that a sequence will not come back, so that no step waits for it. */
    public void leave() {
        lock.lock();
        try {
            if (expected == 0) {
                resting = Math.max(0, resting - 1);
            }
            expected = Math.max(0, expected - 1);
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(worker);
    }

    /** Says that a sequence pauses: steps wait for it again once the others that paused come back. */
    public void rest() {
        lock.lock();
        try {
            expected = Math.max(0, expected - 1);
            resting++;
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(worker);
    }

    /** Whether the compute thread may read a segment. */
    public boolean canRead(MemorySegment segment) {
        return segment.isAccessibleBy(worker);
    }

    /** Read without the lock, which the compute thread may hold while it hands back a step. */
    public BatchStatistics statistics() {
        return statistics;
    }

    private void cancel(Request request) {
        lock.lock();
        try {
            queue.remove(request);
            request.isCancelled = true;
            request.isDone |= !request.isRunning;
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        while (gather()) {
            finish(step(), null);
        }
    }

    /** Waits for passes and takes the step; false once the batcher is closed. */
    private boolean gather() {
        while (true) {
            awaitPasses();
            lock.lock();
            try {
                if (isComputing) {
                    continue;
                }
                if (closed) {
                    queue.forEach(request -> request.complete(new DemoticException("the model was closed meanwhile")));
                    queue.clear();
                    return false;
                }
                isComputing = !queue.isEmpty();
                if (isComputing) {
                    return true;
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Makes a step of what waits, and runs it; what comes while other models compute is part of it. */
    private @Nullable Throwable step() {
        turns.begin();
        stepBegan = System.nanoTime();
        try {
            lock.lock();
            try {
                step.plan(queue);
                expected = step.requests().size();
            } finally {
                lock.unlock();
            }
            step.compute();
            return null;
        } catch (RuntimeException | Error thrown) {
            return thrown;
        } finally {
            stepNanos = System.nanoTime() - stepBegan;
            turns.end(stepNanos);
        }
    }

    /** Waits for the first pass, then a moment for the others that are expected. */
    private void awaitPasses() {
        long first = 0;
        for (int waiting = waiting(); waiting < Math.max(1, expected); waiting = waiting()) {
            if (waiting == 0) {
                first = 0;
                LockSupport.park(this);
                continue;
            }
            long now = System.nanoTime();
            first = first == 0 ? now : first;
            long quiet = Math.max(0, turns.othersQuietSince(now) - first);
            long limit = Math.max(STRAGGLER_NANOS, Math.min(stepNanos, LONGEST_WAIT_NANOS));
            long deadline = first + Math.min(quiet + STRAGGLER_NANOS, limit);
            if (now >= deadline) {
                return;
            }
            LockSupport.parkNanos(this, deadline - now);
        }
    }

    /** Passes that could be a step now; any number once no more can come. */
    private int waiting() {
        lock.lock();
        try {
            if (isComputing) {
                return 0;
            }
            return closed ? Integer.MAX_VALUE : queue.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Hands back a step.
     *
     * @param own the pass whose thread computes, if one does
     * @return whether that pass takes further steps and is still alone; otherwise the step is free, for the batcher's thread to take
     */
    private boolean finish(@Nullable Throwable failure, @Nullable Request own) {
        lock.lock();
        try {
            statistics = new BatchStatistics(
                    statistics.steps() + (step.requests().isEmpty() ? 0 : 1),
                    statistics.passes() + step.requests().size(),
                    statistics.rows() + step.rows());
            expectNewcomers();
            StepTiming timing = step.timing(stepBegan, stepNanos);
            for (int i = step.requests().size() - 1; i >= 0; i--) {
                Request request = step.requests().get(i);
                request.outputs.ranIn(timing);
                request.next += step.rows(i);
                request.isRunning = false;
                if (failure != null || request.isCancelled || request.remaining() == 0) {
                    request.complete(failure);
                } else {
                    queue.addFirst(request);
                }
            }
            isComputing = own != null && goesOn(own);
            if (own != null && !isComputing && (closed || !queue.isEmpty())) {
                LockSupport.unpark(worker);
            }
            return isComputing;
        } finally {
            lock.unlock();
        }
    }

    private boolean goesOn(Request own) {
        return !own.isDone
                && queue.size() == 1
                && !closed
                && !Thread.currentThread().isInterrupted();
    }

    /** Those that came during the step join the others of it; without this, two requests would forever go by turns. */
    private void expectNewcomers() {
        if (!step.requests().isEmpty()) {
            BitSet layers = step.requests().getFirst().pass.layers();
            int all = expected;
            for (Request waiting : queue) {
                all += waiting.runs(layers) ? 1 : 0;
            }
            expected = all;
        }
    }

    /** Stops after the step that is running; passes still waiting fail. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(worker);
        turns.close();
        boolean interrupted = false;
        while (worker.isAlive()) {
            try {
                worker.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
