package dev.demotic.decoding.speculate;

/**
 * When replies that run together may try whether guessing pays by now: one for all, since each trial holds up all of them. Safe for
 * use by many threads.
 */
final class Trials {
    private static final int FIRST = 8;
    private static final int LAST = 128;

    private int rounds;
    private int wait = FIRST;

    /** Told of a round without a guess, of any of the replies. */
    synchronized void rested() {
        rounds++;
    }

    /** Whether a reply among so many may try now; if so, the next one waits. */
    synchronized boolean begin(double sequences) {
        if (rounds < wait * sequences) {
            return false;
        }
        rounds = 0;
        return true;
    }

    /** Told of a round with a guess: trials get rarer with each that disappoints. */
    synchronized void tried(boolean pays) {
        rounds = 0;
        wait = pays ? FIRST : Math.min(2 * wait, LAST);
    }
}
