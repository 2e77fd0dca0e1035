package dev.demotic.runtime.tokenizer;

/** Unicode's {@code White_Space}, which Java's own predicates miss by a few characters. */
final class Whitespace {
    private Whitespace() {}

    static boolean is(int codePoint) {
        return codePoint >= '\t' && codePoint <= '\r' || codePoint == 0x85 || Character.isSpaceChar(codePoint);
    }

    /** Where the white space that ends at {@code end} starts. */
    static int before(String text, int end) {
        int start = end;
        while (start > 0 && is(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    /** Where the white space that starts at {@code start} ends. */
    static int after(String text, int start) {
        int end = start;
        while (end < text.length() && is(text.charAt(end))) {
            end++;
        }
        return end;
    }
}
