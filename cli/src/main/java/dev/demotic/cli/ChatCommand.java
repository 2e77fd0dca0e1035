package dev.demotic.cli;

import dev.demotic.decoding.Chat;
import dev.demotic.runtime.LanguageModel;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demotic chat}: a conversation at the terminal, or line by line from a pipe. */
@Command(
        name = "chat",
        description = "Holds a conversation. Type /help in it for what else it understands.",
        footer = {"%nReads one message a line where standard input is no terminal."})
final class ChatCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Mixin
    private MethodOptions method = new MethodOptions();

    @Mixin
    private ExplainOption explanation = new ExplainOption();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(names = "--system", paramLabel = "TEXT", description = "The system message.")
    private Optional<String> system = Optional.empty();

    ChatCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        method.call();
        try (LanguageModel model = method.open(console, engine);
                OptionalModel draft = OptionalModel.of(method.openDraft(console, engine));
                ChatInput input = ChatInput.of(console);
                Chat chat =
                        method.apply(sampling.generation(model), draft.model()).newChat()) {
            model.chatTemplate();
            ChatSession session =
                    new ChatSession(console, input, chat, reply -> explanation.explain(console, method, reply));
            system.ifPresent(session::system);
            session.run();
        }
        return 0;
    }
}
