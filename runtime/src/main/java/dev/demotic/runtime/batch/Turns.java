package dev.demotic.runtime.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Whose step computes: the models of a process share the cores of its machine, and take turns where these are not enough for all.
 *
 * <p>Two steps at once on the same cores would take longer than one after the other, since each keeps waiting for threads that
 * the other has displaced. Turns are fair by the time they take (start-time fair queueing, Goyal et al., 1996), so a model of short
 * steps goes first as long as it has had less: the draft model's passes do not wait for the target's next step.
 */
public final class Turns {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Party> parties = new ArrayList<>();
    private final List<Party> waiting = new ArrayList<>();
    private final int cores;
    private int free;
    /** The start, in virtual time, of the turn that began last. */
    private long clock;

    /** @param cores that computing threads may occupy at once */
    public Turns(int cores) {
        this.cores = cores;
        free = cores;
    }

    /** Whether two models with so many threads may compute at the same time. */
    public boolean haveRoomFor(int threads, int others) {
        return Math.min(threads, cores) + Math.min(others, cores) <= cores;
    }

    /** Lets a model take part, until it is closed. */
    public Party join(int threads) {
        Party party = new Party(Math.min(threads, cores));
        lock.lock();
        try {
            parties.add(party);
        } finally {
            lock.unlock();
        }
        return party;
    }

    /** Whether a step of so many threads leaves no room for another one like it. */
    public boolean isAlone(int threads) {
        return 2 * threads > cores;
    }

    /** One model. */
    public final class Party implements AutoCloseable {
        private final int threads;
        /** Virtual time: what its turns have taken, and no less than where others were when it came. */
        private long start;

        private long end;
        private volatile boolean isBusy;
        private volatile long ended = System.nanoTime();

        private Party(int threads) {
            this.threads = threads;
        }

        /** Waits for this model's turn. */
        void begin() {
            lock.lock();
            try {
                isBusy = true;
                start = Math.max(end, clock);
                waiting.add(this);
                while (next() != this || free < threads) {
                    changed.awaitUninterruptibly();
                }
                waiting.remove(this);
                free -= threads;
                clock = Math.max(clock, start);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        /** Ends the turn, which took so long. */
        void end(long nanos) {
            lock.lock();
            try {
                free += threads;
                end = start + nanos;
                ended = System.nanoTime();
                isBusy = false;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        /** Since when no other model computes or waits to: {@code now} if one does. */
        long othersQuietSince(long now) {
            lock.lock();
            try {
                long since = Long.MIN_VALUE;
                for (Party other : parties) {
                    if (other != this) {
                        long last = other.isBusy ? now : other.ended;
                        since = since == Long.MIN_VALUE || last - since > 0 ? last : since;
                    }
                }
                return since;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                parties.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Models that wait for their turn. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    private Party next() {
        Party next = waiting.getFirst();
        for (int i = 1; i < waiting.size(); i++) {
            next = waiting.get(i).start < next.start ? waiting.get(i) : next;
        }
        return next;
    }
}
