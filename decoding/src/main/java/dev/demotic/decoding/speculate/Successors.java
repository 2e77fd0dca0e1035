package dev.demotic.decoding.speculate;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** For each token, what the target last found likely after it. Lasts from reply to reply. Safe for use by many threads. */
final class Successors {
    /** The most that are kept of a token. */
    static final int MOST = 8;

    private final AtomicReferenceArray<Row> rows;

    /**
     * The likely successors of a token, likeliest first.
     *
     * @param tokens the successors
     * @param grades how sure each is
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Row(int[] tokens, int[] grades) {}

    Successors(int vocabulary) {
        rows = new AtomicReferenceArray<>(vocabulary);
    }

    int vocabulary() {
        return rows.length();
    }

    /** What is known of a token; null if it was never read. */
    @Nullable Row of(int token) {
        return rows.get(token);
    }

    /** Replaces what is known of a token by what the logits after it say, and returns that. */
    Row learn(int token, MemorySegment logits, TopLogits top) {
        top.of(logits, vocabulary());
        int[] tokens = new int[top.size()];
        int[] grades = new int[tokens.length];
        for (int rank = 0; rank < tokens.length; rank++) {
            tokens[rank] = top.token(rank);
            grades[rank] = Sureness.grade(rank, top.gap(rank));
        }
        Row row = new Row(tokens, grades);
        rows.set(token, row);
        return row;
    }
}
