package dev.demotic.decoding.sample;

import java.util.Arrays;

/**
 * Probabilities of the tokens that may come next; those not listed have none.
 *
 * <p>Reused from step to step by its owner: it grows to the longest list so far. Drafters and verifiers work with the same
 * kind, filled by the same {@link Sampler}, so that acceptance is exact with respect to the processed distribution.
 */
public final class Distribution {
    /** Total probability below which a list counts as empty: what is left is rounding. */
    private static final double NOTHING = 1e-12;
    /** Tokens whose probabilities are added up at once in search of one. */
    private static final int RUN = 64;

    int[] tokens = {};
    double[] probabilities = {};
    int size;
    private long[] order = {};
    /** Probabilities by token id, all zero between calls. */
    private double[] byToken = {};

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
        double before = 0;
        for (int from = 0; from < size; from += RUN) {
            int end = Math.min(from + RUN, size);
            double sum = before + sum(from, end);
            if (u < sum) {
                return at(u, before, from, end);
            }
            before = sum;
        }
        return tokens[size - 1]; // the probabilities add up to one but for rounding
    }

    /** The same among tokens {@code from} and after, {@code sum} being that of those before. */
    private int at(double u, double sum, int from, int end) {
        int i = from;
        while (i < end - 1 && u >= (sum += probabilities[i])) {
            i++;
        }
        return tokens[i];
    }

    /** In nats. */
    public double entropy() {
        double entropy = 0;
        for (int i = 0; i < size; i++) {
            double p = probabilities[i];
            entropy -= p > 0 ? p * Math.log(p) : 0;
        }
        return entropy;
    }

    /** Becomes a copy of another distribution. */
    public void copy(Distribution other) {
        reserve(other.size);
        size = other.size;
        System.arraycopy(other.tokens, 0, tokens, 0, size);
        System.arraycopy(other.probabilities, 0, probabilities, 0, size);
    }

    /**
     * Takes a token out and renormalises.
     *
     * @return false, leaving all as it was, if nothing but rounding would be left
     */
    public boolean remove(int token) {
        double left = 0;
        for (int i = 0; i < size; i++) {
            left += tokens[i] == token ? 0 : probabilities[i];
        }
        if (left < NOTHING) {
            return false;
        }
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (tokens[i] != token) {
                tokens[kept] = tokens[i];
                probabilities[kept++] = probabilities[i] / left;
            }
        }
        size = kept;
        return true;
    }

    /**
     * Becomes norm(max(0, this - factor · other)): what is left to draw from after a draft from {@code other} was rejected.
     *
     * @return false, leaving all as it was, if nothing but rounding would be left
     */
    public boolean subtract(Distribution other, double factor) {
        other.scatter(this, factor);
        double left = 0;
        for (int i = 0; i < size; i++) {
            double excess = probabilities[i] - byToken[tokens[i]];
            left += excess > 0 ? excess : 0;
        }
        boolean something = left >= NOTHING;
        if (something) {
            double scale = 1 / left;
            int kept = 0;
            for (int i = 0; i < size; i++) {
                int token = tokens[i];
                double excess = probabilities[i] - byToken[token];
                // Written in any case: whether it stays is for no branch to foresee.
                tokens[kept] = token;
                probabilities[kept] = excess * scale;
                kept += excess > 0 ? 1 : 0;
            }
            size = kept;
        }
        for (int i = 0; i < other.size; i++) {
            byToken[other.tokens[i]] = 0;
        }
        return something;
    }

    /** Writes the probabilities into the other's table by token id. */
    private void scatter(Distribution into, double factor) {
        int highest = 0;
        for (int i = 0; i < size; i++) {
            highest = Math.max(highest, tokens[i]);
        }
        for (int i = 0; i < into.size; i++) {
            highest = Math.max(highest, into.tokens[i]);
        }
        if (into.byToken.length <= highest) {
            into.byToken = new double[Math.max(highest + 1, into.tokens.length)];
        }
        for (int i = 0; i < size; i++) {
            into.byToken[tokens[i]] = factor * probabilities[i];
        }
    }

    /** Makes room for a list of this length. */
    void reserve(int length) {
        if (tokens.length < length) {
            tokens = Arrays.copyOf(tokens, length);
            probabilities = Arrays.copyOf(probabilities, length);
        }
    }

    void set(int token) {
        reserve(1);
        size = 1;
        tokens[0] = token;
        probabilities[0] = 1;
    }

    /**
     * Orders the tokens of at least probability {@code floor} by falling {@code keys}, lower ids first where they tie.
     *
     * @return how many these are
     */
    int sort(double[] keys, double floor) {
        if (order.length < size) {
            order = new long[tokens.length];
        }
        int sorted = 0;
        for (int i = 0; i < size; i++) {
            if (probabilities[i] >= floor) {
                int bits = Float.floatToIntBits((float) keys[i]);
                int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
                order[sorted++] = (long) ~ascending << 32 | i;
            }
        }
        // Tokens were listed by rising id, so the position breaks ties.
        Arrays.sort(order, 0, sorted);
        return sorted;
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

    /** Keeps the {@code count} most likely tokens, most likely first and lower ids first where they tie; not renormalised. */
    void keepHighest(int count) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            int token = tokens[i];
            double probability = probabilities[i];
            if (kept == count && probability <= probabilities[count - 1]) {
                continue;
            }
            int at = kept < count ? kept++ : count - 1;
            for (; at > 0 && probabilities[at - 1] < probability; at--) {
                tokens[at] = tokens[at - 1];
                probabilities[at] = probabilities[at - 1];
            }
            tokens[at] = token;
            probabilities[at] = probability;
        }
        size = kept;
    }

    void normalize() {
        double factor = 1 / sum(0, size);
        for (int i = 0; i < size; i++) {
            probabilities[i] *= factor;
        }
    }

    /** Four sums side by side: one alone would wait for each addition. */
    private double sum(int from, int end) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 4 <= end; i += 4) {
            a += probabilities[i];
            b += probabilities[i + 1];
            c += probabilities[i + 2];
            d += probabilities[i + 3];
        }
        for (; i < end; i++) {
            a += probabilities[i];
        }
        return a + b + (c + d);
    }
}
