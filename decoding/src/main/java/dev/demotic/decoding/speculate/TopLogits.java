package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.VectorMath;
import java.lang.foreign.MemorySegment;

/** The highest logits of a row, highest first; ties go to the lower token id. Reused from row to row. */
final class TopLogits {
    private static final int RUN = 128;

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
        int given = (int) Math.min(vocabulary, row.byteSize() / Float.BYTES);
        size = Math.min(tokens.length, given);
        for (int token = 0; token < size; token++) {
            insert(token, row.getAtIndex(JAVA_FLOAT, token), token);
        }
        // Few runs hold a token that belongs here, and the highest of a run is quickly found.
        for (int from = size; from < given; from += RUN) {
            int end = Math.min(from + RUN, given);
            if (VectorMath.highest(row, from, end) > logits[size - 1]) {
                insert(row, from, end);
            }
        }
        return this;
    }

    private void insert(MemorySegment row, int from, int end) {
        for (int token = from; token < end; token++) {
            float logit = row.getAtIndex(JAVA_FLOAT, token);
            if (logit > logits[size - 1]) {
                insert(token, logit, size - 1);
            }
        }
    }

    /** Moves a token up from place {@code at}, whose token goes. */
    private void insert(int token, float logit, int at) {
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
