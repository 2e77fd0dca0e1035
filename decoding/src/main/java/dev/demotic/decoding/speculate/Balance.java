package dev.demotic.decoding.speculate;

/**
 * The draft length at which a drafter and a target that work side by side end at the same time: what a pass of the target takes
 * over what one of the draft model does, as both were lately. Safe for use by many threads.
 */
final class Balance {
    /** Before anything was measured. */
    static final int FIRST = 4;
    /** A draft of one token is no more than plain decoding. */
    static final int LEAST = 2;
    /** However fast the draft model is: few drafts come true beyond this, and each row of the target's pass takes its time. */
    static final int MOST = 8;

    private static final double KEEPS = 0.9;

    private double steps;
    private double targetTime;
    private double passes;
    private double draftTime;

    /**
     * Learns from a step.
     *
     * @param target what the target's pass took
     * @param draft what the draft model's took together
     * @param count how many these were; a step without any tells nothing
     */
    synchronized void learn(double target, double draft, int count) {
        if (count > 0) {
            steps = KEEPS * steps + 1;
            targetTime = KEEPS * targetTime + target;
            passes = KEEPS * passes + count;
            draftTime = KEEPS * draftTime + draft;
        }
    }

    /** Tokens of the next draft. */
    synchronized int tokens() {
        return draftTime == 0 ? FIRST : Math.clamp(Math.round(targetTime / steps / (draftTime / passes)), LEAST, MOST);
    }
}
