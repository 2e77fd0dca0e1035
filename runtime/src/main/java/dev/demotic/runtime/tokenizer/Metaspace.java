package dev.demotic.runtime.tokenizer;

/**
 * Writes spaces as a visible character, so that words carry the space before them.
 *
 * @param split cut before each of these characters
 */
record Metaspace(char replacement, Prepend prepend, boolean split) implements PreTokenizer {
    /** SentencePiece's visible space, the lower one eighth block. */
    static final char SPACE = '▁';

    /** When a text that starts without a space gets one. */
    enum Prepend {
        ALWAYS,
        FIRST,
        NEVER
    }

    @Override
    public void split(String text, boolean first, Words out) {
        String spaced = text.replace(' ', replacement);
        if (!spaced.isEmpty()
                && spaced.charAt(0) != replacement
                && (prepend == Prepend.ALWAYS || prepend == Prepend.FIRST && first)) {
            spaced = replacement + spaced;
        }
        int start = 0;
        for (int i = 1; split && i < spaced.length(); i++) {
            if (spaced.charAt(i) == replacement) {
                out.word(spaced.substring(start, i), first && start == 0);
                start = i;
            }
        }
        out.word(spaced.substring(start), first && start == 0);
    }
}
