package dev.demotic.runtime.template;

/** The backslash escapes of a Python string literal. */
final class Escapes {
    private Escapes() {}

    /** Resolves the escapes in the content of a literal; one that Python does not know stays as it is written. */
    static String decode(String literal, int line) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder out = new StringBuilder(literal.length());
        int i = 0;
        while (i < literal.length()) {
            char c = literal.charAt(i++);
            if (c != '\\' || i == literal.length()) {
                out.append(c);
                continue;
            }
            char escape = literal.charAt(i++);
            switch (escape) {
                case '\n' -> {}
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'a' -> out.append('\u0007');
                case 'v' -> out.append('\u000b');
                case '\\', '\'', '"' -> out.append(escape);
                case 'x' -> i = hexadecimal(literal, i, 2, out, line);
                case 'u' -> i = hexadecimal(literal, i, 4, out, line);
                case 'U' -> i = hexadecimal(literal, i, 8, out, line);
                case 'N' -> i = named(literal, i, out, line);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> i = octal(literal, i - 1, out);
                default -> out.append('\\').append(escape);
            }
        }
        return out.toString();
    }

    private static int hexadecimal(String literal, int start, int digits, StringBuilder out, int line) {
        int end = start + digits;
        try {
            out.appendCodePoint(Integer.parseUnsignedInt(literal, start, end, 16));
            return end;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new TemplateException("malformed \\x, \\u or \\U escape in a string").at(line);
        }
    }

    private static int octal(String literal, int start, StringBuilder out) {
        int end = start;
        int value = 0;
        while (end < literal.length() && end < start + 3 && "01234567".indexOf(literal.charAt(end)) >= 0) {
            value = value * 8 + literal.charAt(end++) - '0';
        }
        out.appendCodePoint(value);
        return end;
    }

    private static int named(String literal, int start, StringBuilder out, int line) {
        int end = literal.indexOf('}', start);
        try {
            if (end < 0 || literal.charAt(start) != '{') {
                throw new IllegalArgumentException();
            }
            out.appendCodePoint(Character.codePointOf(literal.substring(start + 1, end)));
            return end + 1;
        } catch (IllegalArgumentException e) {
            throw new TemplateException("malformed \\N escape in a string").at(line);
        }
    }
}
