package dev.demotic.runtime.template;

import java.util.List;

/** The tokens of a template and how far the parser has read them. */
final class Tokens {
    private final List<Token> tokens;
    private int position;

    Tokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(position);
    }

    /** The token after the current one. */
    Token following() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    /** Takes the current token; the last one, which marks the end, can be taken again and again. */
    Token next() {
        Token token = current();
        position = Math.min(position + 1, tokens.size() - 1);
        return token;
    }

    boolean skip(String operator) {
        boolean there = current().isOperator(operator);
        if (there) {
            next();
        }
        return there;
    }

    boolean skipName(String name) {
        boolean there = current().isName(name);
        if (there) {
            next();
        }
        return there;
    }

    Token expect(Token.Kind kind) {
        if (current().kind() != kind) {
            String wanted = switch (kind) {
                case NAME -> "a name";
                case OUTPUT_END -> "'}}'";
                case BLOCK_END -> "'%}'";
                default -> kind.toString();
            };
            throw error("expected " + wanted + " but found " + current().describe());
        }
        return next();
    }

    void expect(String operator) {
        if (!skip(operator)) {
            throw error("expected '" + operator + "' but found " + current().describe());
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw error("expected '" + name + "' but found " + current().describe());
        }
    }

    /** An error on the line of the current token. */
    TemplateException error(String message) {
        return new TemplateException(message).at(current().line());
    }
}
