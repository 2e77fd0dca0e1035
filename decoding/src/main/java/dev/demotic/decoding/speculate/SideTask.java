package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Work that runs beside its caller's, on a virtual thread of its own, and never longer: closing it ends it.
 *
 * <pre>{@code
 * try (SideTask side = SideTask.start(this::draft)) {
 *     verify();
 *     side.join();
 * }
 * }</pre>
 */
final class SideTask implements AutoCloseable {
    private final Thread thread;
    private @Nullable Throwable failure;

    private SideTask(Runnable work) {
        thread = Thread.ofVirtual().unstarted(() -> {
            try {
                work.run();
            } catch (RuntimeException | Error thrown) {
                failure = thrown;
            }
        });
    }

    static SideTask start(Runnable work) {
        SideTask task = new SideTask(work);
        task.thread.start();
        return task;
    }

    /**
     * Waits for the end of the work, what it did is visible then.
     *
     * @throws DemoticException or IllegalStateException with what it threw as cause
     * @throws CancellationException if the caller is interrupted, which interrupts the work; the interrupt stays set
     */
    void join() {
        if (await()) {
            throw new CancellationException("decoding was interrupted");
        }
        Throwable thrown = failure;
        if (thrown != null) {
            throw thrown instanceof DemoticException known
                    ? new DemoticException(String.valueOf(known.getMessage()), known)
                    : new IllegalStateException("what ran beside the target failed", thrown);
        }
    }

    /** Interrupts the work if it still runs, and waits until it has ended. */
    @Override
    public void close() {
        thread.interrupt();
        await();
    }

    /** Returns when the work has ended, and tells whether the caller was interrupted meanwhile. */
    private boolean await() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException now) {
                interrupted = true;
                thread.interrupt();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return interrupted;
    }
}
