package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * From the piece of a token to the bytes it stands for.
 *
 * @param rewrite what is done to the piece first, such as turning visible spaces into spaces
 * @param byteLevel pieces are in GPT-2's byte alphabet
 * @param byteFallback pieces such as {@code <0x0A>} stand for a byte
 * @param leading what happens to the space that encoding put at the start of the text
 */
record PieceDecoder(UnaryOperator<String> rewrite, boolean byteLevel, boolean byteFallback, LeadingSpace leading) {
    /** What of the first token's leading spaces is an artefact of encoding. */
    enum LeadingSpace {
        NONE,
        ONE,
        ALL
    }

    static final PieceDecoder BYTE_LEVEL = new PieceDecoder(UnaryOperator.identity(), true, false, LeadingSpace.NONE);

    /** SentencePiece's pieces: visible spaces, and bytes in hexadecimal. */
    static PieceDecoder sentencePiece(LeadingSpace leading) {
        return new PieceDecoder(piece -> piece.replace(Metaspace.SPACE, ' '), false, true, leading);
    }

    byte[] decode(String piece) {
        int single = byteFallback ? Vocabulary.byteOf(piece) : Vocabulary.NONE;
        if (single != Vocabulary.NONE) {
            return new byte[] {(byte) single};
        }
        String text = rewrite.apply(piece);
        byte[] bytes = byteLevel ? ByteLevel.decode(text) : null;
        return bytes == null ? text.getBytes(UTF_8) : bytes;
    }

    /** Drops the space that encoding put before a text, given the bytes of the text's first token. */
    byte[] withoutLeadingSpace(byte[] bytes) {
        int spaces = 0;
        int limit = switch (leading) {
            case NONE -> 0;
            case ONE -> Math.min(1, bytes.length);
            case ALL -> bytes.length;
        };
        while (spaces < limit && bytes[spaces] == ' ') {
            spaces++;
        }
        return Arrays.copyOfRange(bytes, spaces, bytes.length);
    }
}
