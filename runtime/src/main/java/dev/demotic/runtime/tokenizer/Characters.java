package dev.demotic.runtime.tokenizer;

/** Classes of characters as Unicode has them, where Java's own predicates differ by a few characters. */
final class Characters {
    private Characters() {}

    /** {@code White_Space}. */
    static boolean isSpace(int codePoint) {
        return codePoint >= '\t' && codePoint <= '\r' || codePoint == 0x85 || Character.isSpaceChar(codePoint);
    }

    /** Any combining mark. */
    static boolean isMark(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> true;
            default -> false;
        };
    }

    /** Part of a word: what annex 18 calls {@code \w}. */
    static boolean isWord(int codePoint) {
        return Character.isAlphabetic(codePoint)
                || Character.isDigit(codePoint)
                || isMark(codePoint)
                || Character.getType(codePoint) == Character.CONNECTOR_PUNCTUATION
                || codePoint == 0x200C
                || codePoint == 0x200D;
    }

    /** Where the white space that ends at {@code end} starts. */
    static int spaceBefore(String text, int end) {
        int start = end;
        while (start > 0 && isSpace(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    /** Where the white space that starts at {@code start} ends. */
    static int spaceAfter(String text, int start) {
        int end = start;
        while (end < text.length() && isSpace(text.charAt(end))) {
            end++;
        }
        return end;
    }
}
