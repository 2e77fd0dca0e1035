package dev.demotic.cli;

import dev.demotic.decoding.Chat;
import dev.demotic.decoding.FinishReason;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.template.ChatMessage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/** The conversation of {@code demotic chat}: messages to the model, and commands that begin with a slash. */
final class ChatSession {
    private static final String HELP = """
            /help               this list
            /clear              start over; the system message stays
            /system TEXT        start over with this system message; without TEXT, with none
            /set NAME VALUE     temperature, top-k, top-p, min-p, seed or max-tokens
            /save FILE          write the conversation as JSON
            /exit               leave; so does Ctrl-D
            A line that ends in a backslash goes on in the next one. Ctrl-C stops a reply and keeps the chat.
            """;

    private final Console console;
    private final ChatInput input;
    private final Chat chat;
    private final PrintStream out;
    private final Consumer<Reply> onReply;
    private Optional<ChatMessage> system = Optional.empty();

    /** @param onReply told of each reply when it is complete */
    ChatSession(Console console, ChatInput input, Chat chat, Consumer<Reply> onReply) {
        this.console = console;
        this.input = input;
        this.chat = chat;
        this.onReply = onReply;
        out = input.out();
    }

    /** Starts over with this system message. */
    void system(String text) {
        system = Optional.of(text).filter(message -> !message.isBlank()).map(ChatMessage::system);
        chat.reset(system.stream().toList());
    }

    /** Answers until the input ends or the user leaves. */
    void run() throws IOException {
        Optional<String> line = input.next();
        while (line.isPresent() && !line.get().strip().equals("/exit")) {
            answer(line.get());
            line = input.next();
        }
    }

    private void answer(String line) {
        try {
            if (line.startsWith("/")) {
                command(line.strip());
            } else if (!line.isBlank()) {
                input.interruptibly(() -> reply(line));
            }
        } catch (DemoticException refused) {
            console.note("demotic: " + refused.getMessage());
        }
    }

    private void reply(String message) {
        Reply reply = chat.say(message, text -> {
            out.print(text);
            out.flush();
            if (out.checkError()) {
                throw new Console.BrokenPipe();
            }
        });
        out.print(reply.finishReason() == FinishReason.CANCELLED ? " [stopped]\n" : "\n");
        out.flush();
        onReply.accept(reply);
    }

    private void command(String line) {
        String[] words = line.split("\\s+", 2);
        String argument = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "/help" -> console.err().print(HELP);
            case "/clear" -> chat.reset(system.stream().toList());
            case "/system" -> system(argument);
            case "/set" -> set(argument);
            case "/save" -> save(argument);
            default -> console.note("there is no command " + words[0] + "; /help lists those there are");
        }
    }

    private void set(String argument) {
        String[] words = argument.split("\\s+", 2);
        if (words.length < 2) {
            throw new DemoticException("/set takes a name and a value, as in /set temperature 0.5");
        }
        chat.use(changed(chat.generation(), words[0].toLowerCase(Locale.ROOT), words[1]));
    }

    private static Generation changed(Generation generation, String name, String value) {
        SamplingSettings sampling = generation.sampling();
        try {
            return switch (name) {
                case "temperature" -> generation.temperature(Double.parseDouble(value));
                case "top-k" -> generation.sampling(sampling.withTopK(Integer.parseInt(value)));
                case "top-p" -> generation.sampling(sampling.withTopP(Double.parseDouble(value)));
                case "min-p" -> generation.sampling(sampling.withMinP(Double.parseDouble(value)));
                case "seed" -> generation.seed(Long.parseLong(value));
                case "max-tokens" -> generation.maxTokens(Integer.parseInt(value));
                default ->
                    throw new DemoticException(
                            "there is no setting " + name + "; /help lists those that can be changed in a chat");
            };
        } catch (NumberFormatException e) {
            throw new DemoticException("'" + value + "' is no value for " + name + "; give a number", e);
        }
    }

    private void save(String file) {
        List<Object> messages = new ArrayList<>();
        chat.messages().forEach(message -> messages.add(message.fields()));
        try {
            Path path = Path.of(file);
            Files.writeString(path, Json.text(messages) + "\n");
            console.note("saved " + chat.messages().size() + " messages to " + path);
        } catch (IOException | InvalidPathException e) {
            throw new DemoticException(
                    "the conversation cannot be saved to '" + file + "' (" + e + "); name another file", e);
        }
    }
}
