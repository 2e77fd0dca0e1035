package dev.demotic.runtime.template;

import java.text.Normalizer;
import java.util.function.IntPredicate;

/** What Python calls a space, a letter, a digit; and strings as rows of code points, as Python indexes them. */
final class Characters {
    private Characters() {}

    static boolean isSpace(int c) {
        return Character.isWhitespace(c) || c == 0x85 || c == 0xa0 || c == 0x2007 || c == 0x202f;
    }

    /** A character of {@code \w}: part of an identifier. */
    static boolean isWord(int c) {
        return c == '_' || isAlphanumeric(c);
    }

    static boolean isAlphanumeric(int c) {
        return Character.isLetter(c) || isNumeric(c);
    }

    /** A decimal digit, or one that is raised, lowered or circled. */
    static boolean isDigit(int c) {
        String plain = Normalizer.normalize(Character.toString(c), Normalizer.Form.NFKD);
        return Character.isDigit(c) || Character.getType(c) == Character.OTHER_NUMBER && plain.matches("\\d");
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    /** True unless {@code repr} has to escape the character. */
    static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    static boolean isBlank(String text, int from) {
        return text.codePoints().skip(from).allMatch(Characters::isSpace);
    }

    static String stripStart(String text, IntPredicate drop) {
        int start = 0;
        while (start < text.length() && drop.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        return text.substring(start);
    }

    static String stripEnd(String text, IntPredicate drop) {
        int end = text.length();
        while (end > 0 && drop.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(0, end);
    }

    static String stripEnd(String text) {
        return stripEnd(text, Characters::isSpace);
    }

    static String strip(String text) {
        return stripStart(stripEnd(text), Characters::isSpace);
    }

    /** Length in code points. */
    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The part between two code point indexes, which must lie within the text. */
    static String slice(String text, int from, int to) {
        int start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }

    /** The Unicode line ends that {@code str.splitlines} knows. */
    static boolean isLineEnd(int c) {
        return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
    }
}
