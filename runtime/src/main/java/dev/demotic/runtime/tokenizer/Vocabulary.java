package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import java.util.HexFormat;
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

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

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

    /** Length of the longest piece, in chars. */
    int longestPiece() {
        return table.longest();
    }

    /** The id of the token with exactly this piece, or {@link #NONE}. */
    int find(String piece) {
        return table.find(piece);
    }

    /** The id of the token that {@code text[start, end)} may become, or {@link #NONE}; never a control or byte token. */
    int findText(String text, int start, int end) {
        return textOnly(table.find(text, start, end));
    }

    /** As {@link #findText(String, int, int)}, with the hash of that stretch by {@link PieceTable#extend}. */
    int findText(String text, int start, int end, int hash) {
        return textOnly(table.find(text, start, end, hash));
    }

    private int textOnly(int id) {
        return id == NONE || isText(id) ? id : NONE;
    }

    /** True for tokens that text becomes, false for those that steer, are unknown or stand for a byte. */
    boolean isText(int id) {
        return switch (kinds[id]) {
            case UNDEFINED, NORMAL, USER_DEFINED, UNUSED -> true;
            case UNKNOWN, CONTROL, BYTE -> false;
        };
    }

    /** The tokens {@code <0x00>} to {@code <0xFF>} by the byte they stand for; {@link #NONE} for those that do not exist. */
    int[] byteTokens() {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            ids[b] = find("<0x" + HEX.toHexDigits((byte) b) + ">");
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
