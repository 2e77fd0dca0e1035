package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;

/** A source of likely next tokens that learns how sure it may be. Used by one thread, for one reply. */
interface Guesser extends AutoCloseable {
    /**
     * Adds what promises more than it costs.
     *
     * @return the passes that this took
     */
    int grow(PricedTree tree, TokenHistory history);

    /** Nanoseconds that reading what it has not read yet would take, as far as it knows. */
    default double backlogNanos(TokenHistory history) {
        return 0;
    }

    /** Learns from what was emitted since its last guesses; called at the start of every round. */
    default void settle(TokenHistory history) {}

    /**
     * Told of every round.
     *
     * @param guessed whether it had a part in it
     */
    default void verified(Verification round, boolean guessed) {}

    /** Passes of a draft model so far. */
    default long passes() {
        return 0;
    }

    @Override
    default void close() {}
}
