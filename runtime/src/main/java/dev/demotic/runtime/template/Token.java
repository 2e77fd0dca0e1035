package dev.demotic.runtime.template;

/**
 * A piece of template source.
 *
 * @param text the text itself, the name, the operator, or a string literal's content
 * @param value the value of a literal, else the same as {@code text}
 * @param line where it starts, counted from 1
 */
record Token(Kind kind, String text, Object value, int line) {
    enum Kind {
        TEXT,
        OUTPUT_BEGIN,
        OUTPUT_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /** How an error message calls it. */
    String describe() {
        return switch (kind) {
            case TEXT -> "text";
            case OUTPUT_END -> "the end of the expression";
            case BLOCK_END -> "the end of the tag";
            case END -> "the end of the template";
            default -> "'" + text + "'";
        };
    }
}
