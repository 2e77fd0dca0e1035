package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import java.util.Arrays;

/** The merges that byte-pair encoding learnt: from two neighbouring tokens to the rank of their merge and its token. */
final class MergeTable {
    private static final long EMPTY = -1;

    private final Vocabulary vocabulary;
    private final int prefixLength;
    private final long[] pairs;
    private final long[] merges;
    private final int mask;
    private int rank;

    /**
     * @param count how many merges will be added
     * @param prefixLength length of the prefix that marks pieces inside a word, which a merge drops from its right half
     */
    MergeTable(Vocabulary vocabulary, int count, int prefixLength) {
        this.vocabulary = vocabulary;
        this.prefixLength = prefixLength;
        int capacity = Integer.highestOneBit(Math.max(4, count)) << 2;
        pairs = new long[capacity];
        merges = new long[capacity];
        mask = capacity - 1;
        Arrays.fill(pairs, EMPTY);
    }

    /**
     * Adds the next merge, written as its two pieces with a space between.
     *
     * @throws DemoticException if it is no such pair, or names a piece that is no token
     */
    void add(String merge) {
        int space = merge.indexOf(' ', 1);
        if (space < 0 || space == merge.length() - 1) {
            throw new DemoticException(
                    "merge " + rank + " of the tokenizer is \"" + merge + "\", no pair of pieces; the file is damaged");
        }
        add(merge.substring(0, space), merge.substring(space + 1));
    }

    void add(String left, String right) {
        long pair = pair(token(left), token(right));
        int merged = token(left.concat(right.substring(Math.min(prefixLength, right.length()))));
        int slot = slot(pair);
        pairs[slot] = pair;
        merges[slot] = (long) rank++ << 32 | merged;
    }

    private int token(String piece) {
        int id = vocabulary.find(piece);
        if (id == Vocabulary.NONE) {
            throw new DemoticException("merge " + rank + " of the tokenizer needs the token \"" + piece
                    + "\", which the vocabulary lacks; the file is damaged");
        }
        return id;
    }

    /** Rank and token of merging two tokens as {@link SymbolMerger#merge} answers it. */
    long find(int left, int right) {
        long pair = pair(left, right);
        int slot = slot(pair);
        return pairs[slot] == pair ? merges[slot] : SymbolMerger.NEVER;
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    /** Where the pair is, or the free slot where it belongs. */
    private int slot(long pair) {
        long mixed = pair * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed ^ mixed >>> 32) & mask;
        while (pairs[slot] != pair && pairs[slot] != EMPTY) {
            slot = slot + 1 & mask;
        }
        return slot;
    }
}
