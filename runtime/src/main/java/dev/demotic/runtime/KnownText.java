package dev.demotic.runtime;

import java.util.Arrays;

/** The tokens of a sequence's committed positions, for as long as every one of them was read whole: through all layers. */
final class KnownText {
    private int[] tokens = new int[64];
    private int length;

    int length() {
        return length;
    }

    /** The tokens; valid up to {@link #length}, and until the next change. */
    int[] tokens() {
        return tokens;
    }

    void add(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = token;
    }

    void add(int[] more, int count) {
        for (int i = 0; i < count; i++) {
            add(more[i]);
        }
    }

    void truncate(int newLength) {
        length = Math.min(length, newLength);
    }

    KnownText copy() {
        KnownText copy = new KnownText();
        copy.tokens = tokens.clone();
        copy.length = length;
        return copy;
    }
}
