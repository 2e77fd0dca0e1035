package dev.demotic.decoding.sample;

import java.util.Arrays;

/** The tokens of a sequence so far, prompt first, with how often each was generated. */
public final class TokenHistory {
    private final int[] generatedCounts;
    private int[] tokens = new int[256];
    private int size;
    private int promptLength;

    public TokenHistory(int vocabulary) {
        generatedCounts = new int[vocabulary];
    }

    /** Starts over with a prompt. */
    public void begin(int[] prompt) {
        Arrays.fill(generatedCounts, 0);
        size = 0;
        for (int token : prompt) {
            append(token);
        }
        promptLength = size;
    }

    /** Adds a generated token. */
    public void add(int token) {
        append(token);
        generatedCounts[token]++;
    }

    /** Takes back generated tokens until {@code length} tokens are left: a rejected draft. */
    public void truncate(int length) {
        while (size > Math.max(length, promptLength)) {
            generatedCounts[tokens[--size]]--;
        }
    }

    private void append(int token) {
        if (size == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * size);
        }
        tokens[size++] = token;
    }

    public int size() {
        return size;
    }

    public int token(int i) {
        return tokens[i];
    }

    /** Where the generated tokens begin. */
    public int promptLength() {
        return promptLength;
    }

    /** How often a token was generated; its place in the prompt does not count. */
    public int timesGenerated(int token) {
        return generatedCounts[token];
    }
}
