package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;

/** How the large model of {@link SpecReason} judges the steps of the small one. Serves any number of replies at once. */
public interface StepJudge {
    /** The score of the best step. */
    int BEST = 9;

    /**
     * What to ask after a step, in tokens: a branch that is forgotten once it is answered. Nothing for a judge that needs but the
     * large model's view of the step.
     *
     * @param text what is before the step
     */
    default int[] question(TokenHistory text) {
        return new int[0];
    }

    /** From 0 to {@link #BEST}. */
    double score(StepReading reading);
}
