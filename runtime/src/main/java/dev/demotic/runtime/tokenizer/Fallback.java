package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * What becomes of characters that are in no token: their UTF-8 bytes as byte tokens, else the unknown token, else nothing.
 *
 * @param byteTokens token of each byte; empty where the model has no byte tokens
 * @param unknown the unknown token, or {@link Vocabulary#NONE}
 */
@SuppressWarnings("ArrayRecordComponent")
record Fallback(int[] byteTokens, int unknown) {
    /** Appends the byte tokens of the text; false, and nothing appended, if one of them does not exist. */
    boolean addBytes(String text, TokenList out) {
        if (byteTokens.length == 0) {
            return false;
        }
        byte[] bytes = text.getBytes(UTF_8);
        for (byte b : bytes) {
            if (byteTokens[b & 0xFF] == Vocabulary.NONE) {
                return false;
            }
        }
        for (byte b : bytes) {
            out.add(byteTokens[b & 0xFF]);
        }
        return true;
    }

    void add(String text, TokenList out) {
        if (!addBytes(text, out) && unknown != Vocabulary.NONE) {
            out.add(unknown);
        }
    }
}
