package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import org.jspecify.annotations.Nullable;

/** The tokens of a model: a piece of text and a kind for each id. */
final class Vocabulary {
    static final int NONE = PieceTable.NONE;

    /** What a token is for; GGUF's token types. */
    enum Kind {
        UNDEFINED,
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    private final @Nullable String[] pieces;
    private final Kind[] kinds;
    private final PieceTable table;

    /**
     * @param pieces by id; null or empty for an id without a token
     * @param kinds by id
     * @throws DemoticException if two tokens have the same piece
     */
    Vocabulary(@Nullable String[] pieces, Kind[] kinds) {
        this.pieces = pieces;
        this.kinds = kinds;
        this.table = new PieceTable(pieces);
    }

    int size() {
        return pieces.length;
    }

    String piece(int id) {
        String piece = pieces[id];
        return piece == null ? "" : piece;
    }

    Kind kind(int id) {
        return kinds[id];
    }

    PieceTable table() {
        return table;
    }

    /** The id of the token with exactly this piece, or {@link #NONE}. */
    int find(String piece) {
        return table.find(piece);
    }

    /** The tokens {@code <0x00>} to {@code <0xFF>} by the byte they stand for; {@link #NONE} for those that do not exist. */
    int[] byteTokens() {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            ids[b] = find(String.format("<0x%02X>", b));
        }
        return ids;
    }

    /** The byte that a piece such as {@code <0x0A>} stands for, or {@link #NONE} for any other piece. */
    static int byteOf(String piece) {
        if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
            return NONE;
        }
        int high = Character.digit(piece.charAt(3), 16);
        int low = Character.digit(piece.charAt(4), 16);
        return high < 0 || low < 0 ? NONE : high << 4 | low;
    }
}
