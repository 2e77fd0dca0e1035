package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.format.hub.Hub;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;

/** Where the messages of a chat come from, and where replies go. */
interface ChatInput extends AutoCloseable {
    /** Runs while a reply comes, so that Ctrl-C can stop it. */
    interface Interruptible {
        void run();
    }

    /** The next message, which may have several lines; empty at the end. */
    Optional<String> next() throws IOException;

    /** Runs {@code reply}; Ctrl-C meanwhile interrupts the thread instead of ending the process. */
    void interruptibly(Interruptible reply);

    /** Where replies go. */
    PrintStream out();

    @Override
    void close() throws IOException;

    /** A line editor where a person types, else plain lines. */
    static ChatInput of(Console console) throws IOException {
        if (console.isTerminal(Console.Terminals.IN) && console.isTerminal(Console.Terminals.OUT)) {
            Path cache = Hub.of(console.environment()).cache();
            return TerminalInput.ofProcess(cache.resolve("chat-history"));
        }
        return new PipedInput(console);
    }

    /** One message a line. */
    final class PipedInput implements ChatInput {
        private final BufferedReader lines;
        private final PrintStream out;

        PipedInput(Console console) {
            lines = new BufferedReader(new InputStreamReader(console.in(), UTF_8));
            out = console.out();
        }

        @Override
        public Optional<String> next() throws IOException {
            return Optional.ofNullable(lines.readLine());
        }

        @Override
        public void interruptibly(Interruptible reply) {
            reply.run();
        }

        @Override
        public PrintStream out() {
            return out;
        }

        @Override
        public void close() {}
    }
}
