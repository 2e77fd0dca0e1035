package dev.demotic.decoding.tools;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Just enough JSON (RFC 8259) to find calls in what a model writes: where a value ends, also while it is still being written,
 * and what an object or array holds. Strings may hold line breaks, which models do not always escape.
 */
final class JsonText {
    /** The text ends before the value does. */
    static final int INCOMPLETE = -1;
    /** There is no value here. */
    static final int MALFORMED = -2;

    private static final int DEEPEST = 64;

    private final String text;

    private JsonText(String text) {
        this.text = text;
    }

    /** The index after the value that starts at {@code from}, {@link #INCOMPLETE} or {@link #MALFORMED}. */
    static int end(String text, int from) {
        return new JsonText(text).value(from, 0);
    }

    /** The members of a complete object by name, each value as it is written. */
    static Map<String, String> members(String object) {
        Map<String, String> members = new LinkedHashMap<>();
        JsonText json = new JsonText(object);
        int at = skip(object, 1);
        while (object.charAt(at) == '"') {
            int nameEnd = json.string(at);
            int from = skip(object, skip(object, nameEnd) + 1);
            int to = json.value(from, 1);
            members.put(string(object.substring(at, nameEnd)), object.substring(from, to));
            at = skip(object, to);
            at = object.charAt(at) == ',' ? skip(object, at + 1) : at;
        }
        return members;
    }

    /** The elements of a complete array, each as it is written. */
    static List<String> elements(String array) {
        List<String> elements = new ArrayList<>();
        JsonText json = new JsonText(array);
        int at = skip(array, 1);
        while (array.charAt(at) != ']') {
            int to = json.value(at, 1);
            elements.add(array.substring(at, to));
            at = skip(array, to);
            at = array.charAt(at) == ',' ? skip(array, at + 1) : at;
        }
        return elements;
    }

    /** What a complete string literal stands for. */
    static String string(String literal) {
        StringBuilder out = new StringBuilder();
        for (int i = 1; i < literal.length() - 1; i++) {
            char c = literal.charAt(i);
            if (c == '\\') {
                c = literal.charAt(++i);
                switch (c) {
                    case 'n' -> out.append('\n');
                    case 't' -> out.append('\t');
                    case 'r' -> out.append('\r');
                    case 'b' -> out.append('\b');
                    case 'f' -> out.append('\f');
                    case 'u' -> {
                        out.append((char) Integer.parseInt(literal, i + 1, i + 5, 16));
                        i += 4;
                    }
                    default -> out.append(c);
                }
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    /** The index of the first character from {@code at} on that is no white space. */
    static int skip(String text, int at) {
        int i = at;
        while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
            i++;
        }
        return i;
    }

    private int value(int from, int depth) {
        int at = skip(text, from);
        if (at == text.length()) {
            return INCOMPLETE;
        }
        return switch (text.charAt(at)) {
            case '{' -> container(at, '}', true, depth);
            case '[' -> container(at, ']', false, depth);
            case '"' -> string(at);
            default -> word(at);
        };
    }

    private int container(int from, char close, boolean named, int depth) {
        if (depth == DEEPEST) {
            return MALFORMED;
        }
        int at = skip(text, from + 1);
        if (at < text.length() && text.charAt(at) == close) {
            return at + 1;
        }
        while (true) {
            if (named) {
                at = name(at);
                if (at < 0) {
                    return at;
                }
            }
            at = value(at, depth + 1);
            if (at < 0) {
                return at;
            }
            at = skip(text, at);
            if (at == text.length()) {
                return INCOMPLETE;
            }
            char next = text.charAt(at);
            if (next == close) {
                return at + 1;
            }
            if (next != ',') {
                return MALFORMED;
            }
            at = skip(text, at + 1);
        }
    }

    /** The index after a member's name and colon. */
    private int name(int from) {
        if (from == text.length()) {
            return INCOMPLETE;
        }
        if (text.charAt(from) != '"') {
            return MALFORMED;
        }
        int end = string(from);
        if (end < 0) {
            return end;
        }
        int colon = skip(text, end);
        if (colon == text.length()) {
            return INCOMPLETE;
        }
        return text.charAt(colon) == ':' ? colon + 1 : MALFORMED;
    }

    private int string(int from) {
        for (int i = from + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                return i + 1;
            }
            if (c == '\\') {
                i++;
                if (i < text.length() && text.charAt(i) == 'u') {
                    for (int digit = i + 1; digit <= i + 4 && digit < text.length(); digit++) {
                        if (Character.digit(text.charAt(digit), 16) < 0) {
                            return MALFORMED;
                        }
                    }
                    i += 4;
                }
            }
        }
        return INCOMPLETE;
    }

    /** A number, true, false or null; at the end of the text it may go on. */
    private int word(int from) {
        int end = from;
        while (end < text.length() && isWordPart(text.charAt(end))) {
            end++;
        }
        if (end == from) {
            return MALFORMED;
        }
        if (end == text.length()) {
            return INCOMPLETE;
        }
        return text.substring(from, end).matches("true|false|null|-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?") ? end : MALFORMED;
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '-' || c == '+' || c == '.';
    }
}
