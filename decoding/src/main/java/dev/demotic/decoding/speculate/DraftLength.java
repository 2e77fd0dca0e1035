package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;

/** How much to draft in a round: a policy apart from the drafter. */
public interface DraftLength {
    /** The most tokens that a path of the next draft may have; 0 for none, which makes the round a plain step. */
    int limit();

    /** Asked by drafters that work token by token, after each: whether to draft another one. */
    default boolean goesOn(DraftStep step) {
        return true;
    }

    /** Whether it looks at {@link DraftStep#hidden}; for the whole reply. */
    default boolean readsHidden() {
        return false;
    }

    /** Told of each round that had a draft, and of each that had none. */
    default void verified(Verification round) {}

    /** A policy for one reply; itself if it keeps nothing of a reply. */
    default DraftLength forReply() {
        return this;
    }

    /** Always the same. */
    static DraftLength fixed(int tokens) {
        if (tokens < 0) {
            throw new DemoticException("the draft length is " + tokens + ", but must be 0 or more");
        }
        return () -> tokens;
    }
}
