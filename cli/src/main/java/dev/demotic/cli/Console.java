package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.DemoticException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;

/**
 * The process as a command sees it. Results go to {@code out}, everything else to {@code err}; both are UTF-8, whatever the
 * locale.
 *
 * @param in standard input
 * @param environment the environment variables
 * @param terminals which of the standard streams a person sits at
 */
record Console(InputStream in, PrintStream out, PrintStream err, Map<String, String> environment, Terminals terminals) {
    /** Which streams are terminals; asked only when it matters, since the answer takes a native call. */
    interface Terminals {
        /** None of them: pipes and files. */
        Terminals NONE = _ -> false;

        int IN = 0;
        int OUT = 1;
        int ERR = 2;

        boolean isTerminal(int descriptor);
    }

    /** Names the descriptor that holds standard error, where the launcher put it away from the JVM's start-up warnings. */
    private static final String STANDARD_ERROR = "demotic.stderr";

    /** The console of this process. */
    static Console ofProcess() {
        Integer descriptor = Integer.getInteger(STANDARD_ERROR);
        if (descriptor != null) {
            Descriptors.copy(descriptor, Terminals.ERR);
        }
        return new Console(
                new FileInputStream(FileDescriptor.in),
                new PrintStream(new FileOutputStream(FileDescriptor.out), false, UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8),
                System.getenv(),
                Descriptors::isTerminal);
    }

    /** This console with other environment variables. */
    Console withEnvironment(Map<String, String> variables) {
        return new Console(in, out, err, variables, terminals);
    }

    boolean isTerminal(int descriptor) {
        return terminals.isTerminal(descriptor);
    }

    /** True if the environment sets this variable to anything but nothing or 0. */
    boolean isSet(String variable) {
        String value = environment.getOrDefault(variable, "");
        return !value.isEmpty() && !value.equals("0");
    }

    /** Writes a piece of the result at once. */
    void print(String text) {
        out.print(text);
        out.flush();
        checkReader();
    }

    void println(String text) {
        print(text + "\n");
    }

    private void checkReader() {
        if (out.checkError()) {
            throw new BrokenPipe();
        }
    }

    /** Writes one line about the result to standard error. */
    void note(String text) {
        err.println(text);
    }

    /** All of standard input. */
    String readAll() {
        try {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new DemoticException("standard input cannot be read: " + e.getMessage(), e);
        }
    }

    /** Thrown when nobody reads the result any more. */
    static final class BrokenPipe extends RuntimeException {
        private static final long serialVersionUID = 1;

        BrokenPipe() {
            super("nobody reads the output", null, false, false);
        }
    }
}
