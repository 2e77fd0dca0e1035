package dev.demotic.cli;

import java.util.logging.LogManager;

/**
 * The log of a process that is told to end: Java's own forgets its handlers then, at the same time as the server ends and has the
 * most to say.
 */
public final class KeptLog extends LogManager {
    /** Names the class that a process is to log by, before it logs anything. */
    static final String PROPERTY = "java.util.logging.manager";

    @Override
    public void reset() {
        // All that is set stays so until the process is gone.
    }
}
