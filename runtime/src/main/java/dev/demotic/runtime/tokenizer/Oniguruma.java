package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import java.lang.Character.UnicodeScript;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Translates regular expressions from Oniguruma's dialect, which tokenizers are written in, to Java's.
 *
 * <p>The dialects differ in what {@code \s}, {@code \d}, {@code \w} and property names mean, in options and in anchors.
 * Source: Oniguruma's {@code doc/RE}.
 */
final class Oniguruma {
    private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
    private static final String WORD_BORDER =
            "(?:(?<=[" + WORD + "])(?![" + WORD + "])|(?<![" + WORD + "])(?=[" + WORD + "]))";
    private static final String INSIDE_WORD =
            "(?:(?<=[" + WORD + "])(?=[" + WORD + "])|(?<![" + WORD + "])(?![" + WORD + "]))";

    /** Property names that Java spells differently, lower case and without separators. */
    private static final Map<String, String> PROPERTIES = Map.ofEntries(
            Map.entry("alnum", "[\\p{IsAlphabetic}\\p{Nd}]"),
            Map.entry("alpha", "\\p{IsAlphabetic}"),
            Map.entry("alphabetic", "\\p{IsAlphabetic}"),
            Map.entry("any", "[\\x{0}-\\x{10FFFF}]"),
            Map.entry("ascii", "[\\x00-\\x7F]"),
            Map.entry("blank", "[\\p{Zs}\\t]"),
            Map.entry("cntrl", "\\p{Cc}"),
            Map.entry("digit", "\\p{Nd}"),
            Map.entry("emoji", "\\p{IsEmoji}"),
            Map.entry("graph", "[^\\p{IsWhite_Space}\\p{Cc}\\p{Cn}\\p{Cs}]"),
            Map.entry("ideographic", "\\p{IsIdeographic}"),
            Map.entry("letter", "\\p{L}"),
            Map.entry("lower", "\\p{IsLowercase}"),
            Map.entry("lowercase", "\\p{IsLowercase}"),
            Map.entry("lowercaseletter", "\\p{Ll}"),
            Map.entry("mark", "\\p{M}"),
            Map.entry("number", "\\p{N}"),
            Map.entry("other", "\\p{C}"),
            Map.entry("print", "[^\\p{Cc}\\p{Cn}\\p{Cs}]"),
            Map.entry("punct", "[\\p{P}\\p{S}]"),
            Map.entry("punctuation", "\\p{P}"),
            Map.entry("separator", "\\p{Z}"),
            Map.entry("space", "\\p{IsWhite_Space}"),
            Map.entry("symbol", "\\p{S}"),
            Map.entry("upper", "\\p{IsUppercase}"),
            Map.entry("uppercase", "\\p{IsUppercase}"),
            Map.entry("uppercaseletter", "\\p{Lu}"),
            Map.entry("whitespace", "\\p{IsWhite_Space}"),
            Map.entry("word", "[" + WORD + "]"),
            Map.entry("xdigit", "[0-9A-Fa-f]"));

    /** Matches the same as its key, but looks at a run of spaces once instead of once for each of them. */
    private static final Map<String, String> LINEAR = Map.of("\\s+$", "(?<!\\s)\\s+$");

    private final String source;
    private final StringBuilder java = new StringBuilder();
    private int position;

    private Oniguruma(String source) {
        this.source = source;
    }

    /**
     * Compiles the expression.
     *
     * @throws DemoticException if it is malformed or uses a construct that Java has not
     */
    static Pattern compile(String expression) {
        Oniguruma translation = new Oniguruma(LINEAR.getOrDefault(expression, expression));
        translation.translate();
        try {
            return Pattern.compile(translation.java.toString(), Pattern.UNIX_LINES);
        } catch (PatternSyntaxException e) {
            throw translation.unsupported(e.getDescription(), e);
        }
    }

    private DemoticException unsupported(String what, @Nullable Throwable cause) {
        return new DemoticException(
                "the tokenizer's regular expression " + source + " cannot be used (" + what + " at " + position
                        + "); convert the tokenizer to one with a simpler expression",
                cause);
    }

    private void translate() {
        int atom = 0;
        int[] groups = new int[source.length()];
        int depth = 0;
        while (position < source.length()) {
            char c = source.charAt(position);
            if ("*+?".indexOf(c) >= 0) {
                quantifier(1);
            } else if (c == '{' && intervalEnd() > 0) {
                interval(atom);
            } else if (c == '(') {
                groups[depth++] = java.length();
                atom = java.length();
                group();
            } else if (c == ')') {
                if (depth == 0) {
                    throw unsupported("unmatched closing parenthesis", null);
                }
                atom = groups[--depth];
                take(1);
            } else {
                atom = java.length();
                switch (c) {
                    case '[' -> characterClass();
                    case '\\' -> escape(false);
                    case '^' -> replace(1, "(?<![^\\n])");
                    case '$' -> replace(1, "(?![^\\n])");
                    default -> take(1);
                }
            }
        }
    }

    private void take(int length) {
        java.append(source, position, position + length);
        position += length;
    }

    private void replace(int length, String by) {
        java.append(by);
        position += length;
    }

    private char at(int index) {
        return index < source.length() ? source.charAt(index) : '\0';
    }

    /** Copies a quantifier; one of a loop that nothing follows becomes possessive, which Java runs without recursion. */
    private void quantifier(int length) {
        boolean loop = at(position) != '?' && position > 0 && at(position - 1) == ')';
        take(length);
        char modifier = at(position);
        if (modifier == '?' || modifier == '+') {
            take(1);
        } else if (loop && isTail(position)) {
            java.append('+');
        }
    }

    /** True if from here on the expression, or the look-around that this is in, matches nothing more. */
    private boolean isTail(int index) {
        while (index < source.length()) {
            char c = source.charAt(index);
            if (c == '|') {
                int close = closing(index);
                if (close < 0) {
                    return true;
                }
                index = close;
            } else if (c == ')') {
                index++;
                if ("*+?".indexOf(at(index)) >= 0) {
                    index++;
                    if ("+?".indexOf(at(index)) >= 0) {
                        return false;
                    }
                }
            } else {
                return false;
            }
        }
        return true;
    }

    /** Where the group that {@code index} is in closes, or -1 outside of groups. */
    private int closing(int index) {
        int depth = 0;
        boolean inClass = false;
        for (int i = index; i < source.length(); i++) {
            switch (source.charAt(i)) {
                case '\\' -> i++;
                case '[' -> inClass = true;
                case ']' -> inClass = false;
                case '(' -> depth += inClass ? 0 : 1;
                case ')' -> depth -= inClass ? 0 : 1;
                default -> {}
            }
            if (depth < 0) {
                return i;
            }
        }
        return -1;
    }

    /** The end of an interval such as {@code {1,3}} that starts here, or -1 if the brace is literal. */
    private int intervalEnd() {
        int end = source.indexOf('}', position);
        return end > 0 && source.substring(position + 1, end).matches("\\d+|\\d+,\\d*|,\\d+") ? end : -1;
    }

    /** Oniguruma reads {@code {1,3}+} as a loop over the interval, Java as a possessive interval. */
    private void interval(int atom) {
        int end = intervalEnd();
        java.append(source.startsWith("{,", position) ? "{0" : "{").append(source, position + 1, end + 1);
        position = end + 1;
        if (at(position) == '?') {
            take(1);
        } else if (at(position) == '+') {
            java.insert(atom, "(?:").append(")+");
            position++;
        }
    }

    private void group() {
        if (at(position + 1) != '?') {
            take(1);
            return;
        }
        char kind = at(position + 2);
        if (kind == '#') {
            position = source.indexOf(')', position);
            if (position < 0) {
                position = source.length();
                throw unsupported("unclosed comment", null);
            }
            java.append("(?:");
        } else if (":=!>".indexOf(kind) >= 0) {
            take(3);
        } else if (kind == '<' && (at(position + 3) == '=' || at(position + 3) == '!')) {
            take(4);
        } else if (kind == '<') {
            int end = source.indexOf('>', position);
            if (end < 0) {
                throw unsupported("a group name without an end", null);
            }
            take(end + 1 - position);
        } else {
            options();
        }
    }

    /** {@code i} folds case in all of Unicode, and {@code m} is what Java calls {@code s}. */
    private void options() {
        take(2);
        for (; at(position) != ':' && at(position) != ')'; position++) {
            switch (at(position)) {
                case 'i' -> java.append("iu");
                case 'm' -> java.append('s');
                case 'x' -> java.append('x');
                case '-' -> java.append('-');
                default -> throw unsupported("an unknown group option", null);
            }
        }
        if (at(position) == ':') {
            take(1);
        }
    }

    private void escape(boolean inClass) {
        char c = at(position + 1);
        switch (c) {
            case 's' -> replace(2, "\\p{IsWhite_Space}");
            case 'S' -> replace(2, "\\P{IsWhite_Space}");
            case 'd' -> replace(2, "\\p{Nd}");
            case 'D' -> replace(2, "\\P{Nd}");
            case 'w' -> replace(2, inClass ? WORD : "[" + WORD + "]");
            case 'W' -> replace(2, "[^" + WORD + "]");
            case 'h' -> replace(2, "[0-9A-Fa-f]");
            case 'H' -> replace(2, "[^0-9A-Fa-f]");
            case 'v' -> replace(2, "\\x0B");
            case 'b' -> replace(2, inClass ? "\\x08" : WORD_BORDER);
            case 'B' -> replace(2, INSIDE_WORD);
            case 'p', 'P' -> property();
            case 'K', 'g', 'y', 'Y', 'O', 'N' -> throw unsupported("the escape \\" + c, null);
            case '\0' -> throw unsupported("a backslash with nothing after it", null);
            default -> take(1 + Character.charCount(source.codePointAt(position + 1)));
        }
    }

    private void property() {
        int end = source.indexOf('}', position);
        if (at(position + 2) != '{' || end < 0) {
            throw unsupported("a property without a name", null);
        }
        boolean caret = at(position + 3) == '^';
        boolean negated = at(position + 1) == 'P' ^ caret;
        String set = set(source.substring(position + (caret ? 4 : 3), end));
        replace(end + 1 - position, negated ? "[^" + set + "]" : set);
    }

    private String set(String name) {
        String key = name.toLowerCase(Locale.ROOT).replaceAll("[ _-]", "");
        if (PROPERTIES.containsKey(key)) {
            return PROPERTIES.get(key);
        }
        if (name.matches("[A-Za-z][A-Za-z&]?")) {
            String category = name.substring(0, 1).toUpperCase(Locale.ROOT)
                    + name.substring(1).toLowerCase(Locale.ROOT);
            return category.equals("L&") || category.equals("Lc") ? "[\\p{Lu}\\p{Ll}\\p{Lt}]" : "\\p{" + category + "}";
        }
        try {
            return "\\p{Is" + UnicodeScript.forName(name) + "}";
        } catch (IllegalArgumentException e) {
            throw unsupported("the unknown property " + name, e);
        }
    }

    private void characterClass() {
        take(at(position + 1) == '^' ? 2 : 1);
        if (at(position) == ']') {
            replace(1, "\\]");
        }
        while (at(position) != ']') {
            if (position >= source.length()) {
                throw unsupported("an unclosed character class", null);
            }
            switch (at(position)) {
                case '\\' -> escape(true);
                case '[' -> {
                    if (at(position + 1) == ':' && source.indexOf(":]", position) > 0) {
                        posixBracket();
                    } else {
                        characterClass();
                    }
                }
                default -> take(1);
            }
        }
        take(1);
    }

    private void posixBracket() {
        int end = source.indexOf(":]", position);
        boolean negated = at(position + 2) == '^';
        String set = set(source.substring(position + (negated ? 3 : 2), end));
        replace(end + 2 - position, negated ? "[^" + set + "]" : set);
    }
}
