package dev.demotic.server;

import dev.demotic.runtime.tokenizer.Tokenizer;

/** Where the tokens of a text begin in it, in code points: the characters of the Python programs that OpenAI's API was made for. */
final class TextOffsets {
    private final Tokenizer tokenizer;
    /** Characters of which the tokens so far hold the first byte. */
    private int begun;

    TextOffsets(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Where the next token begins; one that begins within a character does so where that does. */
    int next(int token) {
        if (tokenizer.isControl(token)) {
            return begun; // it is no part of the text
        }
        byte[] bytes = tokenizer.bytes(token);
        boolean isWithin = begun > 0 && bytes.length > 0 && isContinuation(bytes[0]);
        int offset = isWithin ? begun - 1 : begun;
        for (byte each : bytes) {
            if (!isContinuation(each)) {
                begun++;
            }
        }
        return offset;
    }

    /** Whether a byte of UTF-8 is other than a character's first. */
    private static boolean isContinuation(byte each) {
        return (each & 0xC0) == 0x80;
    }
}
