package dev.demotic.cli;

import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
import java.util.Optional;

/**
 * How a model and its draft model share the compute threads: in turns, or each with threads of its own, so that they compute at
 * once.
 *
 * @param all compute threads
 * @param aside those of them that only the draft model has; 0 if both models take turns on all
 */
record ThreadShare(int all, int aside) {
    /** In turns. */
    static ThreadShare turns(int all) {
        return new ThreadShare(all, 0);
    }

    /** Each with its own, as far as there are two. */
    static ThreadShare apart(int all) {
        return all < 2 ? turns(all) : new ThreadShare(all, Math.max(1, all / 4));
    }

    /**
     * What a method wants, unless the user says how many to set aside.
     *
     * @throws DemoticException if that leaves either model none
     */
    static ThreadShare of(int all, Optional<Integer> aside, MethodCall call) {
        return aside.map(threads -> new ThreadShare(all, threads).check())
                .orElseGet(() -> call.method().draft() == DraftUse.AT_ONCE ? apart(all) : turns(all));
    }

    private ThreadShare check() {
        if (aside < 1 || aside >= all) {
            throw new DemoticException("--draft-threads is %d, but must leave each model at least one of %d threads"
                    .formatted(aside, all));
        }
        return this;
    }

    boolean isApart() {
        return aside > 0;
    }

    /** Threads of the model. */
    int target() {
        return all - aside;
    }

    /** Threads of the draft model. */
    int draft() {
        return isApart() ? aside : all;
    }
}
