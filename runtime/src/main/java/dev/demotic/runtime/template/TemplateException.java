package dev.demotic.runtime.template;

import dev.demotic.runtime.DemoticException;

/**
 * A chat template that cannot be parsed or rendered, or that refuses the conversation by {@code raise_exception}.
 *
 * <p>The message names the construct and, where it is known, the line of the template.
 */
public final class TemplateException extends DemoticException {
    private final int line;

    TemplateException(String message) {
        this(message, 0);
    }

    private TemplateException(String message, int line) {
        super(message);
        this.line = line;
    }

    /** The line of the template, counted from 1; 0 where none is to blame. */
    public int line() {
        return line;
    }

    /** This error, blamed on a line unless it already is on one. */
    TemplateException at(int line) {
        if (this.line > 0 || line <= 0) {
            return this;
        }
        return new TemplateException("chat template, line " + line + ": " + getMessage(), line);
    }
}
