package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * A token that a draft model has just drawn, for a policy to judge.
 *
 * @param depth how many tokens the draft has, this one included
 * @param token the token
 * @param logits of the draft model where it was drawn
 */
public record DraftStep(int depth, int token, MemorySegment logits) {
    /** The draft model's own probability of the token, without temperature and truncation. */
    public double probability() {
        return Math.exp(logits.getAtIndex(JAVA_FLOAT, token) - logSum());
    }

    /** The entropy of the draft model's own distribution, in nats. */
    public double entropy() {
        double logSum = logSum();
        double entropy = 0;
        for (long i = 0; i < size(); i++) {
            double logProbability = logits.getAtIndex(JAVA_FLOAT, i) - logSum;
            double p = Math.exp(logProbability);
            entropy -= p > 0 ? p * logProbability : 0;
        }
        return entropy;
    }

    private double logSum() {
        double max = Double.NEGATIVE_INFINITY;
        for (long i = 0; i < size(); i++) {
            max = Math.max(max, logits.getAtIndex(JAVA_FLOAT, i));
        }
        double sum = 0;
        for (long i = 0; i < size(); i++) {
            sum += Math.exp(logits.getAtIndex(JAVA_FLOAT, i) - max);
        }
        return max + Math.log(sum);
    }

    private long size() {
        return logits.byteSize() / Float.BYTES;
    }
}
