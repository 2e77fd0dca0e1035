package dev.demotic.decoding.sample;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.VectorMath;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

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
        float max = VectorMath.highest(row, 0, vocabulary);
        float[] below = new float[CHUNK];
        float[] weights = new float[CHUNK];
        double sum = 0;
        double weighted = 0;
        for (int from = 0; from < vocabulary; from += CHUNK) {
            int count = Math.min(CHUNK, vocabulary - from);
            for (int i = 0; i < count; i++) {
                float difference = row.getAtIndex(JAVA_FLOAT, from + i) - max;
                below[i] = difference > LEAST ? difference : LEAST;
            }
            Arrays.fill(below, count, CHUNK, LEAST);
            System.arraycopy(below, 0, weights, 0, CHUNK);
            VectorMath.exp(weights, CHUNK);
            // Halves side by side: a single sum would wait for each addition.
            double sumOfHalf = 0;
            double weightedOfHalf = 0;
            for (int i = 0; i < CHUNK / 2; i++) {
                int j = i + CHUNK / 2;
                double weight = below[i] > LEAST ? weights[i] : 0;
                double other = below[j] > LEAST ? weights[j] : 0;
                sum += weight;
                sumOfHalf += other;
                weighted += weight * below[i];
                weightedOfHalf += other * below[j];
            }
            sum += sumOfHalf;
            weighted += weightedOfHalf;
        }
        return new Softmax(max + Math.log(sum), Math.log(sum) - weighted / sum);
    }

    /** The natural logarithm of a token's probability, from its logit in the same row. */
    public double logProbability(double logit) {
        return logit - logTotal;
    }
}
