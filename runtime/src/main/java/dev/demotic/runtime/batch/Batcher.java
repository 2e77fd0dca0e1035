package dev.demotic.runtime.batch;

import dev.demotic.runtime.BatchStatistics;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.model.Decoder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Joins the passes of all waiting sequences into steps, and runs them one after the other on its own thread.
 *
 * <p>A step takes any mix of single tokens, draft trees and prompt chunks. Short passes go first, so that a long prompt does
 * not hold up those who are decoding. Before a step starts, sequences that took part in the one before get a moment to come
 * back: lockstep requests then stay together instead of falling apart into batches of one. Where other models compute meanwhile, those
 * sequences may be drafting with them, and get longer.
 */
public final class Batcher implements AutoCloseable {
    /** How long a step waits for the sequences of the one before, while nothing else computes. */
    private static final long STRAGGLER_NANOS = 300_000;
    /** How long it waits for them at the most, unless the step before was shorter. */
    private static final long LONGEST_WAIT_NANOS = 20_000_000;

    private final Decoder decoder;
    private final KvStore store;
    private final Step step;
    private final Turns.Party turns;
    /** Passes of up to so many rows go before longer ones, which may have as many rows of every step. */
    private final int shortRows;

    private final Thread worker;
    private final Decoder.LayerListener capture = this::capture;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Request> queue = new ArrayDeque<>();
    private final List<Request> inStep = new ArrayList<>();
    private final int[] stepStart;
    private final int[] logitRows;
    /** By row of logits: which request of the step it is for. */
    private final int[] logitOwners;

    private final int[] logitNodes;
    private final MemorySegment[] logitTargets;
    private volatile int expected;
    /** Sequences that are to come back together. */
    private int resting;

    private int decodingRows;
    private int decodingSequences;
    private long stepBegan;
    private long stepNanos;
    private volatile boolean closed;
    private volatile BatchStatistics statistics = new BatchStatistics(0, 0, 0);

    /** @param turns at the cores, which other models use too; closed with this batcher */
    public Batcher(Decoder decoder, KvStore store, Step step, Turns.Party turns) {
        this.decoder = decoder;
        this.store = store;
        this.step = step;
        this.turns = turns;
        shortRows = step.capacity() / 8;
        stepStart = new int[step.capacity() + 1];
        logitRows = new int[step.capacity()];
        logitNodes = new int[step.capacity()];
        logitTargets = new MemorySegment[decoder.maxLogits()];
        logitOwners = new int[step.capacity()];
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
        request.begin(pass);
        lock.lock();
        try {
            if (closed) {
                throw new DemoticException("the model is closed; open it again to go on");
            }
            if (expected == 0) {
                expected = resting;
                resting = 0;
            }
            queue.addLast(request);
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(worker);
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
        Throwable failure = request.failure;
        if (failure != null) {
            throw failure instanceof DemoticException known
                    ? new DemoticException(String.valueOf(known.getMessage()), known)
                    : new IllegalStateException("the forward pass failed", failure);
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
            finish(step());
        }
    }

    /** Waits for passes; false once the batcher is closed. */
    private boolean gather() {
        awaitPasses();
        lock.lock();
        try {
            if (closed) {
                queue.forEach(request -> request.complete(new DemoticException("the model was closed meanwhile")));
                queue.clear();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /** Makes a step of what waits, and runs it; what comes while others compute is part of it. */
    private @Nullable Throwable step() {
        turns.begin();
        stepBegan = System.nanoTime();
        try {
            lock.lock();
            try {
                plan();
            } finally {
                lock.unlock();
            }
            compute();
            return null;
        } catch (RuntimeException | Error thrown) {
            return thrown;
        } finally {
            stepNanos = System.nanoTime() - stepBegan;
            turns.end(stepNanos);
        }
    }

    /** Waits for the first pass, then a moment for the sequences of the step before. */
    private void awaitPasses() {
        long first = 0;
        for (int waiting = waiting(); waiting < Math.max(1, expected) && !closed; waiting = waiting()) {
            if (waiting == 0) {
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

    private int waiting() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    /** Fills the step: short passes first, then prompt chunks in the room that is left, of which there is always some. */
    private void plan() {
        step.clear();
        inStep.clear();
        decodingRows = 0;
        decodingSequences = 0;
        if (queue.isEmpty()) {
            return; // who waited was interrupted
        }
        BitSet layers = queue.getFirst().pass.layers();
        addAll(true, layers, step.capacity() - shortRows);
        addAll(false, layers, step.capacity());
        addAll(true, layers, step.capacity());
        stepStart[inStep.size()] = step.rows;
        expected = inStep.size();
    }

    private void addAll(boolean wantsShort, @Nullable BitSet layers, int end) {
        for (Iterator<Request> waiting = queue.iterator(); waiting.hasNext() && step.rows < end; ) {
            Request request = waiting.next();
            boolean isShort = request.remaining() <= shortRows;
            if (isShort == wantsShort && request.runs(layers)) {
                add(request);
                waiting.remove();
            }
        }
    }

    private void add(Request request) {
        stepStart[inStep.size()] = step.rows;
        inStep.add(request);
        request.isRunning = true;
        if (request.remaining() <= shortRows) {
            decodingRows += request.remaining();
            decodingSequences++;
        }
        request.addRows(step, Math.min(request.remaining(), step.capacity() - step.rows));
    }

    private void compute() {
        if (inStep.isEmpty()) {
            return;
        }
        Buffer hidden = decoder.embed(step);
        for (int i = 0; i < inStep.size(); i++) {
            inject(inStep.get(i), stepStart[i], stepStart[i + 1], hidden);
        }
        decoder.run(step, store, inStep.getFirst().pass.layers(), capture);
        int wanted = 0;
        for (int i = 0; i < inStep.size(); i++) {
            Request request = inStep.get(i);
            for (int row = stepStart[i]; row < stepStart[i + 1]; row++) {
                int node = request.next + row - stepStart[i];
                if (request.outputs.wantsLogits(node)) {
                    logitRows[wanted] = row;
                    logitNodes[wanted] = node;
                    logitOwners[wanted++] = i;
                }
            }
        }
        for (int done = 0; done < wanted; done += decoder.maxLogits()) {
            int count = Math.min(decoder.maxLogits(), wanted - done);
            System.arraycopy(logitRows, done, logitRows, 0, count);
            for (int i = 0; i < count; i++) {
                Request request = inStep.get(logitOwners[done + i]);
                logitTargets[i] = request.outputs.logits(logitNodes[done + i]);
            }
            decoder.logits(logitRows, count, logitTargets);
        }
    }

    /** Puts embedding rows and resumed hidden states where the tokens' embeddings were. */
    private static void inject(Request request, int from, int end, Buffer hidden) {
        MemorySegment states = request.pass.hidden();
        for (int row = from; row < end; row++) {
            int node = request.next + row - from;
            MemorySegment embedding = request.pass.tree().embedding(node);
            if (states != null) {
                long at = (node - request.pass.first()) * hidden.rowBytes();
                MemorySegment.copy(states, at, hidden.memory(), row * hidden.stride(), hidden.rowBytes());
            } else if (embedding != null) {
                MemorySegment.copy(embedding, 0, hidden.memory(), row * hidden.stride(), hidden.rowBytes());
            }
        }
    }

    private void capture(int layer, Buffer hidden) {
        for (int i = 0; i < inStep.size(); i++) {
            Request request = inStep.get(i);
            if (request.outputs.captures(layer)) {
                MemorySegment target = request.outputs.hidden(layer);
                long at = (request.next - request.pass.first()) * hidden.rowBytes();
                for (int row = stepStart[i]; row < stepStart[i + 1]; row++, at += hidden.rowBytes()) {
                    MemorySegment.copy(hidden.memory(), row * hidden.stride(), target, at, hidden.rowBytes());
                }
            }
        }
    }

    private void finish(@Nullable Throwable failure) {
        lock.lock();
        try {
            statistics = new BatchStatistics(
                    statistics.steps() + (inStep.isEmpty() ? 0 : 1),
                    statistics.passes() + inStep.size(),
                    statistics.rows() + step.rows);
            StepTiming timing = new StepTiming(stepNanos, step.rows, decodingRows, decodingSequences, stepBegan);
            for (int i = inStep.size() - 1; i >= 0; i--) {
                Request request = inStep.get(i);
                request.outputs.ranIn(timing);
                request.next += stepStart[i + 1] - stepStart[i];
                request.isRunning = false;
                if (failure != null || request.isCancelled || request.remaining() == 0) {
                    request.complete(failure);
                } else {
                    queue.addFirst(request);
                }
            }
        } finally {
            lock.unlock();
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
