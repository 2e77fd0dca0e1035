package dev.demotic.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.TerminalBuilder;

/**
 * Messages that a person types, with editing and a history that lasts.
 *
 * <p>A message ends with its line, unless the line ends in a backslash: then it goes on. Ctrl-C drops what is typed, Ctrl-D
 * ends the chat.
 */
final class TerminalInput implements ChatInput {
    private static final String PROMPT = "> ";
    private static final String CONTINUATION = ". ";

    private final Terminal terminal;
    private final LineReader reader;
    private final PrintStream out;

    TerminalInput(Terminal terminal, Path history) throws IOException {
        this.terminal = terminal;
        Files.createDirectories(history.toAbsolutePath().getParent());
        DefaultParser parser = new DefaultParser().escapeChars(null).quoteChars(new char[0]);
        reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .parser(parser)
                .appName("demotic")
                .variable(LineReader.HISTORY_FILE, history)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .option(LineReader.Option.BRACKETED_PASTE, true)
                .build();
        out = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
    }

    static TerminalInput ofProcess(Path history) throws IOException {
        return new TerminalInput(
                TerminalBuilder.builder()
                        .system(true)
                        .encoding(StandardCharsets.UTF_8)
                        .nativeSignals(true)
                        .build(),
                history);
    }

    @Override
    public Optional<String> next() {
        StringBuilder message = new StringBuilder();
        String prompt = PROMPT;
        while (true) {
            try {
                String line = reader.readLine(prompt);
                if (!line.endsWith("\\")) {
                    return Optional.of(message.append(line).toString());
                }
                message.append(line, 0, line.length() - 1).append('\n');
                prompt = CONTINUATION;
            } catch (UserInterruptException dropped) {
                message.setLength(0);
                prompt = PROMPT;
            } catch (EndOfFileException leaving) {
                return Optional.empty();
            }
        }
    }

    @Override
    public void interruptibly(Interruptible reply) {
        Thread current = Thread.currentThread();
        SignalHandler before = terminal.handle(Signal.INT, _ -> current.interrupt());
        try {
            reply.run();
        } finally {
            terminal.handle(Signal.INT, before);
            Thread.interrupted();
        }
    }

    @Override
    public PrintStream out() {
        return out;
    }

    @Override
    public void close() throws IOException {
        reader.getHistory().save();
        terminal.close();
    }
}
