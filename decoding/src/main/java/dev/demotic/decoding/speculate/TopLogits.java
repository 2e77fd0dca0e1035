package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/** The highest logits of a row, highest first; ties go to the lower token id. Reused from row to row. */
final class TopLogits {
    private final int[] tokens;
    private final float[] logits;
    private int size;

    /** @param count the most that are kept */
    TopLogits(int count) {
        tokens = new int[count];
        logits = new float[count];
    }

    /**
     * Reads a row.
     *
     * @param vocabulary tokens to look at: rows may be padded
     */
    TopLogits of(MemorySegment row, int vocabulary) {
        size = 0;
        int given = (int) Math.min(vocabulary, row.byteSize() / Float.BYTES);
        float least = Float.NEGATIVE_INFINITY;
        for (int token = 0; token < given; token++) {
            float logit = row.getAtIndex(JAVA_FLOAT, token);
            if (size < tokens.length || logit > least) {
                insert(token, logit);
                least = logits[size - 1];
            }
        }
        return this;
    }

    private void insert(int token, float logit) {
        int at = size < tokens.length ? size++ : size - 1;
        for (; at > 0 && logits[at - 1] < logit; at--) {
            logits[at] = logits[at - 1];
            tokens[at] = tokens[at - 1];
        }
        logits[at] = logit;
        tokens[at] = token;
    }

    int size() {
        return size;
    }

    int token(int rank) {
        return tokens[rank];
    }

    /** By how much the highest logit exceeds that of a rank; of rank 0, that of the next one: how sure the row is. */
    float gap(int rank) {
        int other = Math.max(1, rank);
        return other < size ? logits[0] - logits[other] : Float.POSITIVE_INFINITY;
    }
}
