package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;

/**
 * Copies what followed the longest end of the text that came before, and learns from every token, drafted or not, how likely a
 * match of a length goes on.
 */
final class CopySource {
    private static final int[] LENGTHS = {1, 2, 3, 4, 6, 8, 12, 16, 24};
    private static final double[] PRIOR = {0.15, 0.3, 0.42, 0.52, 0.6, 0.68, 0.75, 0.82, 0.88, 0.92};
    /** How much the prompt's likeness to itself says of the reply's likeness to it. */
    private static final double PROMPT_EVIDENCE = 0.2;

    private final TokenHistory history;
    private final GuessChances chances;
    private final SuffixAutomaton automaton = new SuffixAutomaton();

    CopySource(TokenHistory history, GuessChances chances) {
        this.history = history;
        this.chances = chances;
    }

    /** Chances that a match goes on, by its length, to be shared by all replies. */
    static GuessChances chances() {
        return new GuessChances(PRIOR);
    }

    /** Reads what the history has gained. */
    void catchUp() {
        while (automaton.size() < history.size()) {
            int token = history.token(automaton.size());
            if (automaton.matchLength() > 0) {
                double evidence = automaton.size() < history.promptLength() ? PROMPT_EVIDENCE : 1;
                chances.learn(grade(automaton.matchLength()), token(0) == token, evidence);
            }
            automaton.add(token);
        }
    }

    /** Tokens of the match; 0 if there is none. */
    int matchLength() {
        return automaton.matchLength();
    }

    /** The token {@code i} places after the match: where the match overlaps what follows it, the text is a loop. */
    int token(int i) {
        int from = automaton.matchEnd();
        return automaton.token(from + i % (automaton.size() - from));
    }

    /** The chance that the copy holds at {@code i} if it held before. */
    double chance(int i) {
        return chances.of(grade(automaton.matchLength() + i));
    }

    private static int grade(int length) {
        int grade = 0;
        while (grade < LENGTHS.length && length > LENGTHS[grade]) {
            grade++;
        }
        return grade;
    }
}
