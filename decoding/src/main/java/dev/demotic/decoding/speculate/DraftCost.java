package dev.demotic.decoding.speculate;

/**
 * What guessing takes, in passes of the guesser: a share of the target's step, so that what slows the machine slows both.
 *
 * <p>Falls faster than it rises: code that is not compiled yet, and neighbours, only ever make a pass slower. While none runs, what
 * was measured is slowly forgotten, so that a bad moment at the start does not put it out of use. Safe for use by many threads.
 */
final class DraftCost {
    private static final double FALL = 0.5;
    private static final double RISE = 0.2;
    private static final double FORGET = 0.01;
    /** What took longer than this many times the expected was held up by something else. */
    private static final double LONGEST = 2;
    /** How many tokens of a text are read in the time of a single pass, before any text was. */
    private static final double TOKENS_A_PASS = 8;

    private final StepCost step;
    private final double firstShare;
    private double share;
    private double passesAToken = 1 / TOKENS_A_PASS;

    /**
     * @param step what a step of the target takes
     * @param share what a pass is believed to take of it before one was measured
     */
    DraftCost(StepCost step, double share) {
        this.step = step;
        firstShare = share;
        this.share = share;
    }

    /** Nanoseconds of a pass over a token or a few; 0 as long as no step was measured. */
    synchronized double passNanos() {
        return share * step.nanos(1);
    }

    /** Nanoseconds that reading so many tokens of a text takes. */
    synchronized double readingNanos(int tokens) {
        return tokens * passesAToken * passNanos();
    }

    /** Learns from passes. */
    synchronized void passed(int passes, double nanos) {
        if (step.isKnown()) {
            share = follow(share, nanos / passes / step.nanos(1));
        }
    }

    /** Learns what it took to read some tokens at once. */
    synchronized void read(int tokens, double nanos) {
        if (step.isKnown()) {
            passesAToken = follow(passesAToken, nanos / tokens / passNanos());
        }
    }

    /** Told of a round without a guess. */
    synchronized void rested() {
        share += FORGET * (firstShare - share);
        passesAToken += FORGET * (1 / TOKENS_A_PASS - passesAToken);
    }

    private static double follow(double before, double now) {
        return now < before
                ? before + FALL * (now - before)
                : before + RISE * (Math.min(now, LONGEST * before) - before);
    }
}
