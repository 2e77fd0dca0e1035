package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's alphabet: each of the 256 bytes as one printable character, so that byte-level BPE can work on strings.
 *
 * <p>Source: Radford et al. 2019, {@code bytes_to_unicode} in GPT-2's encoder.
 */
final class ByteLevel {
    private static final char[] CHARACTERS = new char[256];
    private static final short[] BYTES = new short[256 + 68];

    static {
        Arrays.fill(BYTES, (short) -1);
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            CHARACTERS[b] = printable ? (char) b : next++;
            BYTES[CHARACTERS[b]] = (short) b;
        }
    }

    private ByteLevel() {}

    /** The text's UTF-8 bytes in the alphabet. */
    static String encode(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        char[] characters = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            characters[i] = CHARACTERS[bytes[i] & 0xFF];
        }
        return new String(characters);
    }

    /** The bytes that the piece spells, or null if it has a character that is not in the alphabet. */
    static byte @Nullable [] decode(String piece) {
        byte[] bytes = new byte[piece.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = piece.charAt(i);
            if (c >= BYTES.length || BYTES[c] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTES[c];
        }
        return bytes;
    }
}
