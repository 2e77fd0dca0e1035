package dev.demotic.decoding.speculate;

import dev.demotic.runtime.StepTiming;

/** With how many others a sequence has shared its model's steps lately. */
final class Load {
    private static final double RATE = 0.3;

    private double otherRows;
    private double otherSequences;

    /** Told after each pass of this sequence how many rows it had, and in which step; chunks of prompts do not count. */
    void stepped(int rows, StepTiming step) {
        otherRows += RATE * (Math.max(0, step.decodingRows() - rows) - otherRows);
        otherSequences += RATE * (Math.max(0, step.decodingSequences() - 1) - otherSequences);
    }

    /** Rows of others in a step. */
    double otherRows() {
        return otherRows;
    }

    /** Sequences in a step, this one included. */
    double sequences() {
        return 1 + otherSequences;
    }
}
