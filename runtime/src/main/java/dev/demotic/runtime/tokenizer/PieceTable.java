package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import org.jspecify.annotations.Nullable;

/** Strings by number, and numbers by any stretch of a text that equals one of the strings: a hash table that copies nothing. */
final class PieceTable {
    static final int NONE = -1;

    private final @Nullable String[] pieces;
    private final int[] slots;
    private final int mask;
    private final int longest;

    /**
     * Indexes the pieces; null and empty ones are gaps that are never found.
     *
     * @throws DemoticException if two pieces are equal
     */
    PieceTable(@Nullable String[] pieces) {
        this.pieces = pieces;
        int capacity = Integer.highestOneBit(Math.max(4, pieces.length)) << 2;
        this.slots = new int[capacity];
        this.mask = capacity - 1;
        int longest = 0;
        for (int i = 0; i < pieces.length; i++) {
            String piece = pieces[i];
            if (piece != null && !piece.isEmpty()) {
                insert(piece, i);
                longest = Math.max(longest, piece.length());
            }
        }
        this.longest = longest;
    }

    private void insert(String piece, int index) {
        int slot = spread(piece.hashCode()) & mask;
        for (; slots[slot] != 0; slot = slot + 1 & mask) {
            if (piece.equals(pieces[slots[slot] - 1])) {
                throw new DemoticException("the vocabulary holds \"" + piece + "\" twice, as tokens "
                        + (slots[slot] - 1) + " and " + index + "; the file is damaged");
            }
        }
        slots[slot] = index + 1;
    }

    /** Length of the longest piece, in chars. */
    int longest() {
        return longest;
    }

    /** The number of the piece that equals this text, or {@link #NONE}. */
    int find(String text) {
        return find(text, 0, text.length(), text.hashCode());
    }

    /** The number of the piece that equals {@code text[start, end)}, or {@link #NONE}. */
    int find(String text, int start, int end) {
        if (end - start > longest) {
            return NONE;
        }
        int hash = 0;
        for (int i = start; i < end; i++) {
            hash = extend(hash, text.charAt(i));
        }
        return find(text, start, end, hash);
    }

    /** As {@link #find(String, int, int)}, where the caller has built the hash with {@link #extend}. */
    int find(String text, int start, int end, int hash) {
        for (int slot = spread(hash) & mask; slots[slot] != 0; slot = slot + 1 & mask) {
            int index = slots[slot] - 1;
            String piece = pieces[index];
            if (piece != null && piece.length() == end - start && text.startsWith(piece, start)) {
                return index;
            }
        }
        return NONE;
    }

    /** The hash of a text that is one char longer; the hash of the empty text is 0. */
    static int extend(int hash, char next) {
        return 31 * hash + next;
    }

    private static int spread(int hash) {
        int mixed = hash * 0x9E3779B9;
        return mixed ^ mixed >>> 15;
    }
}
