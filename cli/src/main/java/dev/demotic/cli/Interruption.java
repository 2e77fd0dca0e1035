package dev.demotic.cli;

import java.util.concurrent.TimeUnit;

/**
 * Lets Ctrl-C unwind the command instead of cutting it off: the main thread is interrupted and gets a moment to close what it
 * has open, so that no half-written file stays.
 */
final class Interruption {
    private static final long PATIENCE_MILLIS = TimeUnit.SECONDS.toMillis(2);

    private volatile boolean over;

    private Interruption() {}

    static Interruption unwinds(Thread main) {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> interruption.unwind(main), "demotic-interruption"));
        return interruption;
    }

    /** From now on the command has ended by itself. */
    void isOver() {
        over = true;
    }

    private void unwind(Thread main) {
        if (!over) {
            main.interrupt();
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
            while (!over && System.nanoTime() < end) {
                try {
                    Thread.sleep(10);
                } catch (InterruptedException e) {
                    return;
                }
            }
        }
    }
}
