package dev.demotic.runtime.tokenizer;

/**
 * Cuts runs of digits into groups of three, counted from the right as people write thousands.
 *
 * <p>What the expression {@code \d{1,3}(?=(?:\d{3})*\b)} finds, in time linear in the length of the number.
 *
 * @param wordEnd leave runs alone that a word character follows
 */
record DigitTriples(boolean wordEnd) implements PreTokenizer {
    @Override
    public void split(String text, boolean first, Words out) {
        int done = 0;
        for (int i = 0; i < text.length(); ) {
            int end = i;
            int digits = 0;
            while (end < text.length() && Character.isDigit(text.codePointAt(end))) {
                end = text.offsetByCodePoints(end, 1);
                digits++;
            }
            if (digits == 0 || wordEnd && end < text.length() && AddedTokenMatcher.isWord(text.codePointAt(end))) {
                i = digits == 0 ? text.offsetByCodePoints(i, 1) : end;
                continue;
            }
            if (done < i) {
                out.word(text.substring(done, i), first && done == 0);
            }
            for (int group = digits % 3 == 0 ? 3 : digits % 3; i < end; group = 3) {
                int groupEnd = text.offsetByCodePoints(i, group);
                out.word(text.substring(i, groupEnd), first && i == 0);
                i = groupEnd;
            }
            done = end;
        }
        if (done < text.length()) {
            out.word(text.substring(done), first && done == 0);
        }
    }
}
