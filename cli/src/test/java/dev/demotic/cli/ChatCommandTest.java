package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.Chat;
import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.models.EmbeddedModel;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.template.ChatMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(300)
class ChatCommandTest {
    @TempDir
    Path folder;

    @Test
    void answersALineAtATimeFromAPipe() throws IOException {
        Path saved = folder.resolve("saved.json");
        Shell.Result result = new Shell(folder)
                .typing("Say hello.\n/set temperature 0\n\nAnd again?\n/save " + saved + "\n/exit\nnever read\n")
                .run("chat", "-n", "6", "--system", "Be kind.");

        assertThat(result.status()).isZero();
        assertThat(result.out()).isNotBlank().doesNotContain("\033", "> ");
        assertThat(result.err()).isEqualTo("saved 5 messages to " + saved + "\n");
        JsonNode messages = new JsonMapper().readTree(Files.readString(saved));
        assertThat(messages)
                .extracting(message -> message.get("role").asString())
                .containsExactly("system", "user", "assistant", "user", "assistant");
    }

    @Test
    void commandsThatAreWrongKeepTheChat() {
        Shell.Result result = new Shell(folder)
                .typing("/frobnicate\n/set\n/set temperature warm\n/set colour 1\n/save\n/help\n/clear\nHi\n")
                .run("chat", "-n", "2");

        assertThat(result.status()).isZero();
        assertThat(result.err())
                .contains(
                        "no command /frobnicate",
                        "takes a name and a value",
                        "'warm' is no value",
                        "no setting colour",
                        "cannot be saved",
                        "/exit");
        assertThat(result.out()).isNotBlank();
    }

    @Test
    void clearStartsOverAndKeepsTheSystemMessage() throws IOException {
        Path saved = folder.resolve("saved.json");
        new Shell(folder).typing("Hi\n/clear\n/save " + saved + "\n").run("chat", "-n", "2", "--system", "Be kind.");

        assertThat(Files.readString(saved)).isEqualTo("[{\"role\":\"system\",\"content\":\"Be kind.\"}]\n");
    }

    @Test
    void aPersonEditsContinuesAndStopsReplies() throws Exception {
        PipedOutputStream keyboard = new PipedOutputStream();
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        Path history = folder.resolve("history");
        try (LanguageModel model = LanguageModel.open(EmbeddedModel.draftPath(folder));
                Chat chat = endless(model).newChat()) {
            Terminal terminal =
                    new ExternalTerminal("test", "ansi", new PipedInputStream(keyboard, 1 << 16), screen, UTF_8);
            Thread session;
            try (TerminalInput input = new TerminalInput(terminal, history)) {
                Console console = new Console(
                        InputStream.nullInputStream(), System.out, System.err, Map.of(), Console.Terminals.NONE);
                session = Thread.ofPlatform().start(() -> {
                    try {
                        new ChatSession(console, input, chat, _ -> {}).run();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                keyboard.write("one \\\rtwo\r".getBytes(UTF_8));
                await(() -> screen.size() > 300);
                terminal.raise(Terminal.Signal.INT);
                await(() -> chat.messages().size() == 2);
                keyboard.write("/exit\r".getBytes(UTF_8));
                session.join();
            }
            List<ChatMessage> messages = chat.messages();
            assertThat(messages.getFirst().fields()).containsEntry("content", "one \ntwo");
            assertThat(screen.toString(UTF_8)).contains("[stopped]");
            assertThat(history).content().contains("two");
        }
    }

    /** Replies that do not end by themselves before they are stopped, however busy the machine is. */
    private static Generation endless(LanguageModel model) {
        Map<Integer, Double> bans = model.tokenizer().stopTokens().stream()
                .collect(Collectors.toMap(token -> token, token -> Double.NEGATIVE_INFINITY));
        Generation generation = Generation.with(model).maxTokens(1500);
        return generation.sampling(generation.sampling().withLogitBias(bans)).method(new Slow());
    }

    /** Plain decoding that pauses after each token. */
    private record Slow() implements DecodingMethod {
        @Override
        public String name() {
            return "slow";
        }

        @Override
        public void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink) {
            new PlainDecoding().decode(sequence, prompt, sampler, (token, logits) -> {
                try {
                    Thread.sleep(5);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new CancellationException("interrupted");
                }
                return sink.accept(token, logits);
            });
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) throws InterruptedException {
        while (!condition.holds()) {
            Thread.sleep(5);
        }
    }
}
