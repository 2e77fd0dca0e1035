package dev.demotic.decoding.speculate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All substrings of a growing text of tokens, and the longest end of it that came before.
 *
 * <p>A. Blumer et al., "The smallest automaton recognizing the subwords of a text", 1985: a token takes amortised constant time. A state
 * stands for the substrings that end at the same places.
 */
final class SuffixAutomaton {
    private static final class State {
        /** Tokens of its longest substring. */
        private final int length;
        /** Where its substrings first ended: the position after the last token. */
        private final int firstEnd;

        private final Map<Integer, State> next;
        /** The state of the longest suffix that ends at more places; null for the start. */
        private State suffix = this;

        private State(int length, int firstEnd, Map<Integer, State> next) {
            this.length = length;
            this.firstEnd = firstEnd;
            this.next = next;
        }
    }

    private final State start = new State(0, 0, new HashMap<>());
    private final List<Integer> text = new ArrayList<>();
    private State whole = start;
    private State match = start;
    private int matchLength;

    /** Tokens of the text. */
    int size() {
        return text.size();
    }

    int token(int i) {
        return text.get(i);
    }

    /** Tokens of the longest end of the text that also ends earlier; 0 if there is none. */
    int matchLength() {
        return matchLength;
    }

    /** The position after that end where it first came. */
    int matchEnd() {
        return match.firstEnd;
    }

    /** Appends a token. */
    void add(int token) {
        advanceMatch(token);
        text.add(token);
        State added = new State(whole.length + 1, text.size(), new HashMap<>());
        State state = whole;
        while (state != start && !state.next.containsKey(token)) {
            state.next.put(token, added);
            state = state.suffix;
        }
        State known = state.next.get(token);
        if (known == null) {
            start.next.put(token, added);
            added.suffix = start;
        } else {
            added.suffix = known.length == state.length + 1 ? known : split(state, token, known);
        }
        whole = added;
        // The state of the match may have been split: the match is now in the part with the shorter substrings.
        while (match != start && matchLength <= match.suffix.length) {
            match = match.suffix;
        }
    }

    /** Gives the substrings of {@code known} that are {@code state} and a token, and shorter ones, a state of their own. */
    private static State split(State state, int token, State known) {
        State shorter = new State(state.length + 1, known.firstEnd, new HashMap<>(known.next));
        shorter.suffix = known.suffix;
        known.suffix = shorter;
        State from = state;
        while (from.next.get(token) == known) {
            from.next.put(token, shorter);
            if (from.suffix == from) {
                break;
            }
            from = from.suffix;
        }
        return shorter;
    }

    /** Follows the match by a token, or else the longest shorter match that can be followed. */
    private void advanceMatch(int token) {
        while (match != start && !match.next.containsKey(token)) {
            match = match.suffix;
            matchLength = match.length;
        }
        State next = match.next.get(token);
        if (next != null) {
            match = next;
            matchLength++;
        }
    }
}
