package dev.demotic.server;

import dev.demotic.runtime.LanguageModel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who may generate with a model, and who waits: first come, first served.
 *
 * <p>A request is let in when its replies are not too many beside those that run, and the KV cache has room for their beginnings
 * beside the others'. What they lack when they grow they wait for by turns, and lose nothing by that. Where too many requests
 * wait already, one more is refused.
 */
final class Admission {
    private final LanguageModel model;
    private final int maxRunning;
    private final int maxWaiting;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Permit> queue = new ArrayDeque<>();
    private int running;
    private int blocks;
    private boolean closed;
    /** How long replies have taken lately, for telling clients when to come again. */
    private double meanSeconds = 1;

    Admission(LanguageModel model, int maxRunning, int maxWaiting) {
        this.model = model;
        this.maxRunning = maxRunning;
        this.maxWaiting = maxWaiting;
    }

    /** The right to generate, until it is closed. */
    final class Permit implements AutoCloseable {
        private final int replies;
        private final int needed;
        private long began;

        private Permit(int replies, int needed) {
            this.replies = replies;
            this.needed = needed;
        }

        private boolean fits() {
            return running + replies <= maxRunning
                    && blocks + needed <= model.kvUse().capacity();
        }

        private Permit take() {
            running += replies;
            blocks += needed;
            began = System.nanoTime();
            return this;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                running -= replies;
                blocks -= needed;
                meanSeconds += 0.1 * ((System.nanoTime() - began) / 1e9 - meanSeconds);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Waits for a request's turn.
     *
     * @param param the field that asks for so many replies
     * @param prompt its tokens
     * @param positions tokens that prompt and reply of each may have together
     * @param replies generated at once
     * @throws ApiException if too many wait, it could never be let in, or the server is stopping
     * @throws CancellationException if the thread is interrupted
     */
    Permit enter(String param, int prompt, int positions, int replies) {
        if (replies > maxRunning) {
            throw ApiException.invalid(
                    param,
                    "%d replies at once are more than this server makes, which is %d; ask for fewer, or start it with --max-running"
                            .formatted(replies, maxRunning));
        }
        long needed = (long) replies * model.kvBlocks(prompt, positions);
        Permit permit = new Permit(replies, (int) Math.min(needed, model.kvUse().capacity()));
        lock.lock();
        try {
            checkOpen();
            if (queue.isEmpty() && permit.fits()) {
                return permit.take();
            }
            if (queue.size() >= maxWaiting) {
                throw ApiException.tooMany(
                        retryAfter(), "%d requests are waiting already; try again in a moment".formatted(queue.size()));
            }
            return await(permit);
        } finally {
            lock.unlock();
        }
    }

    private Permit await(Permit permit) {
        queue.addLast(permit);
        try {
            while (queue.peekFirst() != permit || !permit.fits()) {
                changed.await();
                checkOpen();
            }
            return permit.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the request was stopped while it waited");
        } finally {
            queue.remove(permit);
            changed.signalAll();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw ApiException.unavailable("the server is stopping; try again when it is back", null);
        }
    }

    private int retryAfter() {
        double seconds = meanSeconds * (1 + queue.size()) / Math.max(1, running);
        return (int) Math.clamp(Math.ceil(seconds), 1, 60);
    }

    /** Replies that are being generated. */
    int running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Requests that wait. */
    int waiting() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    /** Refuses all who wait, and who come from now on. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
