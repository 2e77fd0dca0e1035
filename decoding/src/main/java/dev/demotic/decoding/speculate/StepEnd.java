package dev.demotic.decoding.speculate;

import java.util.function.IntFunction;

/** What ends a reasoning step: a number of line breaks in a row, once the step has some text. */
public enum StepEnd {
    LINE(1),
    BLANK_LINE(2);

    private final int breaks;

    StepEnd(int breaks) {
        this.breaks = breaks;
    }

    /** Begins a step. */
    Watch watch(IntFunction<byte[]> bytes) {
        return new Watch(breaks, bytes);
    }

    /**
     * Looks for the end of one step in the bytes of its tokens.
     *
     * <p>The line breaks may be one token, several, or a part of a longer one. A step ends with the token that completes them, whole:
     * steps are cut where tokens are, so that no text is ever tokenised a second time.
     */
    static final class Watch {
        private final int breaks;
        private final IntFunction<byte[]> bytes;
        private boolean hasText;
        private int inARow;

        private Watch(int breaks, IntFunction<byte[]> bytes) {
            this.breaks = breaks;
            this.bytes = bytes;
        }

        /** Takes the step's next token; true if the step ends with it. */
        boolean endsWith(int token) {
            for (byte b : bytes.apply(token)) {
                if (b == '\n' && hasText) {
                    if (++inARow == breaks) {
                        return true;
                    }
                } else if (b != '\r') {
                    inARow = 0;
                    hasText |= !Character.isWhitespace(b);
                }
            }
            return false;
        }
    }
}
