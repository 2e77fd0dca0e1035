package dev.demotic.decoding.sample;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.VectorMath;
import java.lang.foreign.MemorySegment;

/**
 * What is to be known of the distribution that a row of logits gives at temperature 1, to say how likely one token is.
 *
 * @param logTotal the logarithm of the sum of the logits' exponentials
 * @param entropy of the distribution, in nats
 */
public record Softmax(double logTotal, double entropy) {
    private static final int CHUNK = 512;
    /** So far below the highest logit, no token counts. */
    private static final float LEAST = -87;

    /** Reads a row of logits, of which one at least is finite. */
    public static Softmax of(MemorySegment row) {
        int vocabulary = (int) (row.byteSize() / Float.BYTES);
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < vocabulary; i++) {
            max = Math.max(max, row.getAtIndex(JAVA_FLOAT, i));
        }
        float[] weights = new float[CHUNK];
        double sum = 0;
        double weighted = 0;
        for (int from = 0; from < vocabulary; from += CHUNK) {
            int count = Math.min(CHUNK, vocabulary - from);
            for (int i = 0; i < count; i++) {
                weights[i] = row.getAtIndex(JAVA_FLOAT, from + i) - max;
            }
            VectorMath.exp(weights, count);
            for (int i = 0; i < count; i++) {
                float below = row.getAtIndex(JAVA_FLOAT, from + i) - max;
                if (below > LEAST) {
                    sum += weights[i];
                    weighted += (double) weights[i] * below;
                }
            }
        }
        return new Softmax(max + Math.log(sum), Math.log(sum) - weighted / sum);
    }

    /** The natural logarithm of a token's probability, from its logit in the same row. */
    public double logProbability(double logit) {
        return logit - logTotal;
    }
}
