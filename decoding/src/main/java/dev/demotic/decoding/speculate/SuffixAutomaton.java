package dev.demotic.decoding.speculate;

import java.util.Arrays;

/**
 * All substrings of a growing text of tokens, the longest end of it that came before, and where it came last.
 *
 * <p>A. Blumer et al., "The smallest automaton recognizing the subwords of a text", 1985: a token takes amortised constant time. A state
 * stands for the substrings that end at the same places. Kept in arrays: it reads whole prompts before the first draft.
 */
final class SuffixAutomaton {
    private static final int START = 0;

    private final Transitions next = new Transitions();
    private int[] text = new int[64];
    private int size;

    /** By state: tokens of its longest substring. */
    private int[] length = new int[128];
    /** By state: where its substrings ended when they were last met; the position after the last token. */
    private int[] end = new int[128];
    /** By state: that of the longest suffix that ends at more places; the start's is itself. */
    private int[] suffix = new int[128];

    private int states = 1;
    private int whole = START;
    private int match = START;
    private int matchLength;

    /** Tokens of the text. */
    int size() {
        return size;
    }

    int token(int i) {
        return text[i];
    }

    /** Tokens of the longest end of the text that also ends earlier; 0 if there is none. */
    int matchLength() {
        return matchLength;
    }

    /** The position after that end where it was met before; the latest, but where only parts of it were met since. */
    int matchEnd() {
        return end[match];
    }

    /** Appends a token. */
    void add(int token) {
        end[match] = size; // from now on, here is where it came last
        advanceMatch(token);
        reserve();
        text[size++] = token;
        int added = state(length[whole] + 1, size);
        int state = whole;
        while (state != START && next.get(state, token) == Transitions.NONE) {
            next.put(state, token, added);
            state = suffix[state];
        }
        int known = next.get(state, token);
        if (known == Transitions.NONE) {
            next.put(START, token, added);
            suffix[added] = START;
        } else {
            suffix[added] = length[known] == length[state] + 1 ? known : split(state, token, known);
        }
        whole = added;
        // The state of the match may have been split: the match is now in the part with the shorter substrings.
        while (match != START && matchLength <= length[suffix[match]]) {
            match = suffix[match];
        }
    }

    private int state(int longest, int endsAt) {
        length[states] = longest;
        end[states] = endsAt;
        return states++;
    }

    /** Makes room for a token and the two states that it may bring. */
    private void reserve() {
        if (size == text.length) {
            text = Arrays.copyOf(text, 2 * size);
        }
        if (states + 2 > length.length) {
            length = Arrays.copyOf(length, 2 * states);
            end = Arrays.copyOf(end, 2 * states);
            suffix = Arrays.copyOf(suffix, 2 * states);
        }
    }

    /** Gives the substrings of {@code known} that are {@code state} and a token, and shorter ones, a state of their own. */
    private int split(int state, int token, int known) {
        int shorter = state(length[state] + 1, end[known]);
        next.copy(known, shorter);
        suffix[shorter] = suffix[known];
        suffix[known] = shorter;
        int from = state;
        while (next.get(from, token) == known) {
            next.put(from, token, shorter);
            if (from == START) {
                break;
            }
            from = suffix[from];
        }
        return shorter;
    }

    /** Follows the match by a token, or else the longest shorter match that can be followed. */
    private void advanceMatch(int token) {
        while (match != START && next.get(match, token) == Transitions.NONE) {
            match = suffix[match];
            matchLength = length[match];
        }
        int followed = next.get(match, token);
        if (followed != Transitions.NONE) {
            match = followed;
            matchLength++;
        }
    }
}
