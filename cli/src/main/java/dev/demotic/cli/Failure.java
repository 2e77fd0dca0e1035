package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CancellationException;

/** What ends a command too early: its exit status, and the one sentence that the user reads. */
enum Failure {
    /** The input is at fault: a file, a request, too little memory. */
    REFUSED(1),
    /** The command line is at fault. */
    USAGE(2),
    /** Demotic is at fault. */
    DEFECT(70),
    /** Ctrl-C. */
    INTERRUPTED(130),
    /** Whoever read the output has gone. */
    BROKEN_PIPE(141);

    /** Set to see where a failure comes from. */
    static final String DEBUG = "DEMOTIC_DEBUG";

    final int status;

    Failure(int status) {
        this.status = status;
    }

    /** Tells the user and returns the exit status. */
    static int report(Console console, Throwable thrown) {
        Failure failure = of(thrown);
        if (failure == REFUSED || failure == DEFECT) {
            console.err().println("demotic: " + sentence(thrown));
        }
        if (console.isSet(DEBUG)) {
            thrown.printStackTrace(console.err());
        }
        return failure.status;
    }

    private static Failure of(Throwable thrown) {
        return switch (thrown) {
            case DemoticException _, IOException _, OutOfMemoryError _ -> REFUSED;
            case CancellationException _ -> INTERRUPTED;
            case Console.BrokenPipe _ -> BROKEN_PIPE;
            default -> DEFECT;
        };
    }

    private static String sentence(Throwable thrown) {
        return switch (thrown) {
            case DemoticException e -> String.valueOf(e.getMessage());
            case NoSuchFileException e -> "there is no file " + e.getFile();
            case AccessDeniedException e -> "access to " + e.getFile() + " is denied; check its permissions";
            case FileSystemException e ->
                e.getFile() + ": " + (e.getReason() == null ? e.getClass().getSimpleName() : e.getReason());
            case IOException e -> "input or output failed: " + (e.getMessage() == null ? e : e.getMessage());
            case OutOfMemoryError _ ->
                "the Java heap is full; give it more with DEMOTIC_JAVA_OPTS=-Xmx4g, or ask for a shorter context";
            default -> "a defect of Demotic (" + thrown + "); set " + DEBUG + "=1 to see where, and please report it";
        };
    }
}
