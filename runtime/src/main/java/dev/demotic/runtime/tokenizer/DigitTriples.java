package dev.demotic.runtime.tokenizer;

import java.util.Set;

/**
 * Cuts numbers into groups of three digits, counted from the right as people write thousands.
 *
 * <p>Tokenizers say this with regular expressions that look ahead to the end of the number at every digit; this takes time
 * linear in its length.
 *
 * @param isolate as {@link #ISOLATED}: groups are words of their own, and numbers that run into a word are left alone;
 *     else as {@link #CUT}: text before and after the number stays with its first and last group
 */
record DigitTriples(boolean isolate) implements PreTokenizer {
    static final String ISOLATED = "\\d{1,3}(?=(?:\\d{3})*\\b)";
    static final String CUT = "(?=(\\d{3})+(?!\\d))";
    static final Set<String> EXPRESSIONS = Set.of(ISOLATED, CUT);

    @Override
    public void split(String text, boolean first, Words out) {
        Cuts cuts = new Cuts(text, first, out);
        for (int i = 0; i < text.length(); ) {
            int end = i;
            int digits = 0;
            while (end < text.length() && Character.isDigit(text.codePointAt(end))) {
                end = text.offsetByCodePoints(end, 1);
                digits++;
            }
            boolean intoWord = end < text.length() && Characters.isWord(text.codePointAt(end));
            if (!isolate || !intoWord) {
                cut(cuts, i, digits);
            }
            if (isolate && !intoWord && digits > 0) {
                cuts.at(end);
            }
            i = digits == 0 ? text.offsetByCodePoints(i, 1) : end;
        }
        cuts.at(text.length());
    }

    /** Cuts before each group of the number; before a first group of less than three digits only when isolating. */
    private void cut(Cuts cuts, int start, int digits) {
        int position = start;
        for (int left = digits; left > 0; left--) {
            if (left % 3 == 0 || isolate && left == digits) {
                cuts.at(position);
            }
            position = cuts.text.offsetByCodePoints(position, 1);
        }
    }

    /** Hands out the text between cuts. */
    private static final class Cuts {
        private final String text;
        private final boolean first;
        private final Words out;
        private int start;

        Cuts(String text, boolean first, Words out) {
            this.text = text;
            this.first = first;
            this.out = out;
        }

        void at(int position) {
            if (start < position) {
                out.word(text.substring(start, position), first && start == 0);
                start = position;
            }
        }
    }
}
