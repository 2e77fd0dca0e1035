package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.hub.Conditions.Pause;
import java.time.Duration;

/** Tries something again, with doubling pauses, while it fails in passing; gives up after some failures in a row. */
final class Attempts {
    private static final int MOST = 5;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final String purpose;
    private final String advice;
    private final Pause pause;
    private final Progress progress;
    private int failures;

    /**
     * @param purpose what is tried, such as "download model.gguf"
     * @param advice what the user can do when it fails for good
     */
    Attempts(String purpose, String advice, Pause pause, Progress progress) {
        this.purpose = purpose;
        this.advice = advice;
        this.pause = pause;
        this.progress = progress;
    }

    /** One attempt; {@code T} is what it brings. */
    interface Attempt<T> {
        T run() throws TransientFailure;
    }

    /**
     * Runs attempts until one succeeds.
     *
     * @throws DemoticException if too many fail in a row, or the server wants a longer pause than is reasonable
     */
    <T> T run(Attempt<T> attempt) {
        while (true) {
            try {
                return attempt.run();
            } catch (TransientFailure failure) {
                waitAfter(failure);
            }
        }
    }

    /** Forgets earlier failures: the last attempt failed, but got further. */
    void advanced() {
        failures = 0;
    }

    private void waitAfter(TransientFailure failure) {
        failures++;
        Duration wait = failure.retryAfter().orElse(FIRST_PAUSE.multipliedBy(1L << (failures - 1)));
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(failure);
        }
        if (wait.compareTo(LONGEST_PAUSE) > 0) {
            throw new DemoticException(
                    "could not " + purpose + ": " + failure.getMessage() + ", and asks to wait " + wait.toMinutes()
                            + " minutes; try again then",
                    failure);
        }
        if (failures == MOST) {
            throw new DemoticException(
                    "could not " + purpose + " in " + MOST + " attempts: " + failure.getMessage() + "; " + advice,
                    failure);
        }
        progress.message(
                "could not " + purpose + ": " + failure.getMessage() + "; trying again in " + wait.toSeconds() + " s");
        try {
            pause.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
    }

    private DemoticException interrupted(Exception cause) {
        return new DemoticException("stopped before it could " + purpose + "; " + advice, cause);
    }
}
