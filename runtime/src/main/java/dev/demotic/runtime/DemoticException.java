package dev.demotic.runtime;

import org.jspecify.annotations.Nullable;

/**
 * Something a user can act on: a bad file, flag, request, or too little memory.
 *
 * <p>The message is one sentence that says what, where and what to do; it is shown as it is, without a stack trace.
 */
public class DemoticException extends RuntimeException {
    public DemoticException(String message) {
        super(message);
    }

    public DemoticException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
