package dev.demotic.decoding.sample;

import java.util.Arrays;

/**
 * Probabilities of the tokens that may come next; those not listed have none.
 *
 * <p>Reused from step to step by its owner. Drafters and verifiers work with the same one, so that acceptance is exact with
 * respect to the processed distribution.
 */
public final class Distribution {
    final int[] tokens;
    final double[] probabilities;
    int size;
    private final long[] order;

    Distribution(int vocabulary) {
        tokens = new int[vocabulary];
        probabilities = new double[vocabulary];
        order = new long[vocabulary];
    }

    /** Tokens listed. */
    public int size() {
        return size;
    }

    /** The i-th token listed. */
    public int token(int i) {
        return tokens[i];
    }

    /** The probability of the i-th token listed. */
    public double weight(int i) {
        return probabilities[i];
    }

    /** The probability of a token; 0 if it is not listed. */
    public double probability(int token) {
        for (int i = 0; i < size; i++) {
            if (tokens[i] == token) {
                return probabilities[i];
            }
        }
        return 0;
    }

    /** The token at which the running sum of probabilities passes {@code u}, a number from 0 (included) to 1 (excluded). */
    public int at(double u) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += probabilities[i];
            if (u < sum) {
                return tokens[i];
            }
        }
        return tokens[size - 1]; // the probabilities add up to one but for rounding
    }

    void set(int token) {
        size = 1;
        tokens[0] = token;
        probabilities[0] = 1;
    }

    /** Orders by falling {@code keys}, lower ids first where they tie. */
    void sort(double[] keys) {
        for (int i = 0; i < size; i++) {
            int bits = Float.floatToIntBits((float) keys[i]);
            int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
            order[i] = (long) ~ascending << 32 | i;
        }
        // Tokens were listed by rising id, so the position breaks ties.
        Arrays.sort(order, 0, size);
    }

    /** The i-th position in the order that {@link #sort} found. */
    int ranked(int i) {
        return (int) order[i];
    }

    /** Keeps the first {@code count} of the order, listed by it. */
    void keep(int count, int[] spareTokens, double[] spareProbabilities) {
        for (int i = 0; i < count; i++) {
            spareTokens[i] = tokens[ranked(i)];
            spareProbabilities[i] = probabilities[ranked(i)];
        }
        System.arraycopy(spareTokens, 0, tokens, 0, count);
        System.arraycopy(spareProbabilities, 0, probabilities, 0, count);
        size = count;
    }

    void normalize() {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += probabilities[i];
        }
        for (int i = 0; i < size; i++) {
            probabilities[i] /= sum;
        }
    }
}
