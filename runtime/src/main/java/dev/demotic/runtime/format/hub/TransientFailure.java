package dev.demotic.runtime.format.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** A failure that may be gone on the next attempt: a cut connection, a busy server. The message is a clause, not a sentence. */
final class TransientFailure extends Exception {
    private final transient Optional<Duration> retryAfter;

    TransientFailure(String what, Optional<Duration> retryAfter) {
        super(what);
        this.retryAfter = retryAfter;
    }

    TransientFailure(String what) {
        this(what, Optional.empty());
    }

    TransientFailure(IOException failure) {
        super(Failures.reason(failure), failure);
        this.retryAfter = Optional.empty();
    }

    /** How long the server asks to be left alone. */
    Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
