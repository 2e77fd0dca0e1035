package dev.demotic.runtime.template;

import dev.demotic.runtime.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a template into tokens, with Jinja's {@code trim_blocks} and {@code lstrip_blocks} switched on. */
final class Lexer {
    private static final Pattern NEWLINE = Pattern.compile("\r\n|\r");
    private static final Pattern RAW =
            Pattern.compile("\\{%[-+]?\\s*+raw\\s*+(-%\\}\\s*+|%\\})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_RAW = Pattern.compile(
            "\\{%([-+]?)\\s*+endraw\\s*+(?:\\+%\\}|-%\\}\\s*+|%\\}\n?)", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_COMMENT =
            Pattern.compile("\\+#\\}|-#\\}\\s*+|#\\}\n?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_BLOCK =
            Pattern.compile("\\+%\\}|-%\\}\\s*+|%\\}\n?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_OUTPUT = Pattern.compile("-\\}\\}\\s*+|\\}\\}", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|[=!><]=|[-+/*%~\\[\\](){}><=.:|,;]");
    private static final Pattern FLOAT = Pattern.compile(
            "\\d++(?:_\\d++)*+(?:(?:\\.\\d++(?:_\\d++)*+)?+[eE][-+]?\\d++(?:_\\d++)*+|\\.\\d++(?:_\\d++)*+)");
    private static final Pattern INTEGER = Pattern.compile(
            "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++|[1-9](?:_?[0-9])*+|0(?:_?0)*+");
    private static final int LONGEST_NUMBER = 4300;

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    private boolean atLineStart = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokenize(String template) {
        String source = NEWLINE.matcher(template).replaceAll("\n");
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source);
        lexer.template();
        return lexer.tokens;
    }

    private void template() {
        while (position < source.length()) {
            int opening = opening();
            if (opening < 0) {
                text(source.substring(position), '+');
                position = source.length();
                break;
            }
            char kind = source.charAt(opening + 1);
            char sign = opening + 2 < source.length() ? source.charAt(opening + 2) : ' ';
            text(source.substring(position, opening), kind == '{' && sign != '-' ? '+' : sign);
            advance(opening);
            Matcher raw = RAW.matcher(source).region(opening, source.length());
            if (kind == '%' && raw.lookingAt()) {
                close(raw);
                raw();
                continue;
            }
            int start = line;
            advance(opening + (sign == '-' || sign == '+' ? 3 : 2));
            switch (kind) {
                case '#' -> close(find(END_COMMENT, start, "comment"));
                case '%' -> inside(Kind.BLOCK_BEGIN, Kind.BLOCK_END, END_BLOCK, start);
                default -> inside(Kind.OUTPUT_BEGIN, Kind.OUTPUT_END, END_OUTPUT, start);
            }
        }
        add(Kind.END, "");
    }

    /** Where the next tag, expression or comment opens; -1 if none does. */
    private int opening() {
        for (int at = source.indexOf('{', position);
                at >= 0 && at + 1 < source.length();
                at = source.indexOf('{', at + 1)) {
            if ("{%#".indexOf(source.charAt(at + 1)) >= 0) {
                return at;
            }
        }
        return -1;
    }

    /** Adds text as far as the sign of what follows it leaves it: '-' strips, '+' keeps, else indentation goes. */
    private void text(String text, char sign) {
        String kept = text;
        if (sign == '-') {
            kept = Characters.stripEnd(text);
        } else if (sign != '+') {
            int lineStart = text.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || atLineStart) && Characters.isBlank(text, lineStart)) {
                kept = text.substring(0, lineStart);
            }
        }
        if (!kept.isEmpty()) {
            add(Kind.TEXT, kept);
        }
    }

    private void raw() {
        Matcher end = find(END_RAW, line, "raw block");
        String sign = end.group(1);
        text(source.substring(position, end.start()), sign.isEmpty() ? ' ' : sign.charAt(0));
        close(end);
    }

    private Matcher find(Pattern end, int start, String what) {
        Matcher matcher = end.matcher(source);
        if (!matcher.find(position)) {
            throw new TemplateException("the " + what + " that starts here is never closed").at(start);
        }
        return matcher;
    }

    private void close(Matcher end) {
        advance(end.end());
        atLineStart = source.charAt(position - 1) == '\n';
    }

    private void inside(Kind begin, Kind end, Pattern closing, int start) {
        add(begin, source.substring(position - 2, position));
        StringBuilder brackets = new StringBuilder();
        while (position < source.length()) {
            char next = source.charAt(position);
            if (Characters.isSpace(next)) {
                advance(position + 1);
                continue;
            }
            Matcher matcher = closing.matcher(source).region(position, source.length());
            if (brackets.isEmpty() && matcher.lookingAt()) {
                add(end, matcher.group().strip());
                close(matcher);
                return;
            }
            token(next, brackets);
        }
        throw new TemplateException("the " + (begin == Kind.BLOCK_BEGIN ? "tag" : "expression")
                        + " that starts here is never closed")
                .at(start);
    }

    private void token(char next, StringBuilder brackets) {
        if (next >= '0' && next <= '9') {
            number();
        } else if (next == '\'' || next == '"') {
            string(next);
        } else if (Characters.isWord(source.codePointAt(position))) {
            int end = position;
            while (end < source.length() && Characters.isWord(source.codePointAt(end))) {
                end += Character.charCount(source.codePointAt(end));
            }
            add(Kind.NAME, source.substring(position, end));
            advance(end);
        } else {
            Matcher operator = OPERATOR.matcher(source).region(position, source.length());
            if (!operator.lookingAt()) {
                throw new TemplateException(
                                "unexpected character '" + Character.toString(source.codePointAt(position)) + "'")
                        .at(line);
            }
            balance(next, brackets);
            add(Kind.OPERATOR, operator.group());
            advance(operator.end());
        }
    }

    private void balance(char operator, StringBuilder brackets) {
        int opened = "([{".indexOf(operator);
        int closed = ")]}".indexOf(operator);
        if (opened >= 0) {
            brackets.append(")]}".charAt(opened));
        } else if (closed >= 0) {
            if (brackets.isEmpty() || brackets.charAt(brackets.length() - 1) != operator) {
                throw new TemplateException("unexpected '" + operator + "', which closes nothing").at(line);
            }
            brackets.setLength(brackets.length() - 1);
        }
    }

    private void number() {
        boolean afterDot = source.charAt(position - 1) == '.';
        Matcher real = FLOAT.matcher(source).region(position, source.length());
        if (!afterDot && real.lookingAt()) {
            String digits = real.group().replace("_", "");
            tokens.add(new Token(Kind.FLOAT, real.group(), Double.valueOf(digits), line));
            advance(real.end());
            return;
        }
        Matcher integer = INTEGER.matcher(source).region(position, source.length());
        if (!integer.lookingAt() || integer.end() - position > LONGEST_NUMBER) {
            throw new TemplateException("malformed number").at(line);
        }
        String digits = integer.group().replace("_", "").toLowerCase(java.util.Locale.ROOT);
        BigInteger value = digits.startsWith("0b")
                ? new BigInteger(digits.substring(2), 2)
                : digits.startsWith("0o")
                        ? new BigInteger(digits.substring(2), 8)
                        : digits.startsWith("0x") ? new BigInteger(digits.substring(2), 16) : new BigInteger(digits);
        tokens.add(new Token(Kind.INTEGER, integer.group(), Arithmetic.normal(value), line));
        advance(integer.end());
    }

    private void string(char quote) {
        int end = position + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new TemplateException("the string that starts here is never closed").at(line);
        }
        add(Kind.STRING, Escapes.decode(source.substring(position + 1, end), line));
        advance(end + 1);
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, text, line));
    }

    private void advance(int to) {
        for (int i = position; i < to; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        position = to;
    }
}
