package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a text at the matches of a regular expression.
 *
 * @param pattern in Java's dialect
 * @param invert take what does not match for the matches, and the matches for what is between
 */
record Split(Pattern pattern, Behavior behavior, boolean invert) implements PreTokenizer {
    /** What becomes of a match. */
    enum Behavior {
        /** It is dropped. */
        REMOVED,
        /** It is a word of its own. */
        ISOLATED,
        /** It ends the word before it. */
        MERGED_WITH_PREVIOUS,
        /** It starts the word after it. */
        MERGED_WITH_NEXT,
        /** It makes a word together with the matches next to it. */
        CONTIGUOUS
    }

    /** Every match of an expression in Oniguruma's dialect, and everything between matches, is a word. */
    static Split isolated(String expression) {
        return new Split(Oniguruma.compile(expression), Behavior.ISOLATED, false);
    }

    @Override
    public void split(String text, boolean first, Words out) {
        Spans spans = new Spans(text, first, out);
        try {
            Matcher matcher = pattern.matcher(text);
            int done = 0;
            while (matcher.find()) {
                if (done < matcher.start()) {
                    spans.add(matcher.start(), invert);
                }
                if (matcher.start() < matcher.end()) {
                    spans.add(matcher.end(), !invert);
                }
                done = matcher.end();
            }
            if (done < text.length()) {
                spans.add(text.length(), invert);
            }
        } catch (StackOverflowError e) {
            throw new DemoticException("the tokenizer's regular expression " + pattern
                    + " nests too deeply for this text; break its longest word or line");
        }
        spans.emit();
    }

    /** Joins neighbouring spans as the behaviour wants and hands them out one late. */
    private final class Spans {
        private final String text;
        private final boolean first;
        private final Words out;
        private int start;
        private int end;
        private boolean match;

        Spans(String text, boolean first, Words out) {
            this.text = text;
            this.first = first;
            this.out = out;
        }

        void add(int newEnd, boolean isMatch) {
            boolean joins = start < end
                    && switch (behavior) {
                        case REMOVED, ISOLATED -> false;
                        case CONTIGUOUS -> isMatch == match;
                        case MERGED_WITH_PREVIOUS -> isMatch && !match;
                        case MERGED_WITH_NEXT -> match && !isMatch;
                    };
            if (!joins) {
                emit();
                start = end;
            }
            end = newEnd;
            match = isMatch;
        }

        void emit() {
            if (start < end && !(behavior == Behavior.REMOVED && match)) {
                out.word(text.substring(start, end), first && start == 0);
            }
        }
    }
}
