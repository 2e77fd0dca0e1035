package dev.demotic.decoding.speculate;

import dev.demotic.runtime.BatchStatistics;
import dev.demotic.runtime.LanguageModel;

/** With how many others a sequence has shared its target's steps lately. */
final class Load {
    private static final double RATE = 0.3;

    private final LanguageModel target;
    private BatchStatistics last;
    private double otherRows;
    private double otherSequences;

    Load(LanguageModel target) {
        this.target = target;
        last = target.statistics();
    }

    /** Told after each pass of this sequence how many rows it had. */
    void stepped(int rows) {
        BatchStatistics now = target.statistics();
        double steps = Math.max(1, now.steps() - last.steps());
        double others = Math.max(0, now.rows() - last.rows() - rows) / steps;
        double passes = Math.max(0, now.passes() - last.passes() - 1) / steps;
        otherRows += RATE * (others - otherRows);
        otherSequences += RATE * (passes - otherSequences);
        last = now;
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
