package dev.demotic.cli;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.MethodReport;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code demotic run}: one prompt, one reply. */
@Command(
        name = "run",
        description = "Answers one prompt and streams the reply to standard output.",
        footer = {
            "%nThe prompt goes through the model's chat template if it has one; --raw sends it as it stands, special tokens included."
        })
final class RunCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Mixin
    private MethodOptions method = new MethodOptions();

    @Mixin
    private ExplainOption explanation = new ExplainOption();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Parameters(arity = "0..*", paramLabel = "PROMPT", description = "The prompt; - for standard input.")
    private List<String> words = List.of();

    @Option(
            names = {"-f", "--prompt-file"},
            paramLabel = "FILE",
            description = "Read the prompt from a file; - for standard input.")
    private Optional<String> promptFile = Optional.empty();

    @Option(
            names = "--system",
            paramLabel = "TEXT",
            description = "The system message, for models with a chat template.")
    private Optional<String> system = Optional.empty();

    @Option(
            names = "--raw",
            description = "Leave the chat template out: the prompt is the model's own markup, special tokens included.")
    private boolean raw;

    @Option(
            names = "--logprobs",
            paramLabel = "N",
            description = "With --json: how likely each token was, and the N likeliest ones.")
    private Optional<Integer> logprobs = Optional.empty();

    @Option(
            names = "--json",
            description = "Print one JSON object when the reply is complete, instead of streaming it.")
    private boolean json;

    @Option(
            names = "--show-drafts",
            description = "Show drafted tokens that were accepted, those that were rejected, and the model's own.")
    private boolean showDrafts;

    RunCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (logprobs.isPresent() && !json) {
            throw new DemoticException("--logprobs goes into the JSON object; give --json too");
        }
        if (showDrafts && json) {
            throw new DemoticException("--show-drafts is for people and --json for programs; give one of them");
        }
        if (showDrafts) {
            method.requireDrafts("--show-drafts");
        }
        method.call();
        String prompt = prompt();
        try (LanguageModel model = method.open(console, engine);
                OptionalModel draft = OptionalModel.of(method.openDraft(console, engine))) {
            Generation generation = method.apply(sampling.generation(model), draft.model());
            if (logprobs.isPresent()) {
                generation = generation.logprobs(logprobs.get());
            }
            explanation.explain(console, method, answer(generation, encode(generation, prompt)));
        }
        return 0;
    }

    private Reply answer(Generation generation, int[] tokens) {
        Tokenizer tokenizer = generation.model().tokenizer();
        if (json) {
            Reply reply = generate(generation, tokens, _ -> {});
            Json.print(console, describe(reply, tokenizer));
            return reply;
        }
        Reply reply = showDrafts
                ? paint(generation, tokens, new DraftPainter(console, tokenizer))
                : generate(generation, tokens, console::print);
        console.print(reply.text().endsWith("\n") ? "" : "\n");
        return reply;
    }

    private Reply paint(Generation generation, int[] tokens, DraftPainter painter) {
        painter.explain();
        Reply reply = generate(generation.onDraft(painter::paint), tokens, _ -> {});
        painter.end();
        return reply;
    }

    private String prompt() {
        if (promptFile.isPresent() == !words.isEmpty()) {
            throw new DemoticException(
                    words.isEmpty()
                            ? "there is no prompt; give one as in `demotic run \"Hello\"`, or with --prompt-file"
                            : "a prompt comes from the command line or from --prompt-file, not from both");
        }
        return promptFile
                .map(file -> TextInput.read(console, file))
                .orElseGet(() -> words.equals(List.of("-")) ? console.readAll() : String.join(" ", words));
    }

    private int[] encode(Generation generation, String prompt) {
        if (raw || !generation.model().hasChatTemplate()) {
            if (system.isPresent()) {
                throw new DemoticException(
                        "--system needs a chat template; leave out --raw, or take a model that has one");
            }
            return raw ? generation.encodeMarkup(prompt) : generation.encode(prompt);
        }
        List<ChatMessage> messages = new ArrayList<>();
        system.map(ChatMessage::system).ifPresent(messages::add);
        messages.add(ChatMessage.user(prompt));
        return generation.encode(Conversation.of(messages));
    }

    /** Generates with a sign of life until the first text comes. */
    private Reply generate(Generation generation, int[] tokens, Consumer<String> onText) {
        try (ProgressLine waiting =
                ProgressLine.waiting(console, "reading the prompt of " + Sizes.count(tokens.length) + " tokens")) {
            return generation.complete(tokens, text -> {
                waiting.stop();
                onText.accept(text);
            });
        }
    }

    private static Map<String, @Nullable Object> describe(Reply reply, Tokenizer tokenizer) {
        Reply.Usage usage = reply.usage();
        Map<String, @Nullable Object> object = Json.object(
                "text", reply.text(),
                "tokens", reply.tokens(),
                "finish_reason", reply.finishReason().label(),
                "usage",
                        Json.object(
                                "prompt_tokens", usage.promptTokens(),
                                "completion_tokens", usage.completionTokens(),
                                "total_tokens", usage.totalTokens()),
                "timings",
                        Json.object(
                                "prompt_seconds", reply.timings().promptSeconds(),
                                "decode_seconds", reply.timings().decodeSeconds(),
                                "tokens_per_second", reply.tokensPerSecond()));
        MethodReport report = reply.report();
        if (report != null) {
            object.put("speculation", report.figures());
        }
        if (!reply.logprobs().isEmpty()) {
            object.put(
                    "logprobs",
                    reply.logprobs().stream()
                            .map(token -> describe(token, tokenizer))
                            .toList());
        }
        return object;
    }

    private static Object describe(TokenLogprobs token, Tokenizer tokenizer) {
        Map<String, @Nullable Object> object = describe(token.token(), token.logprob(), tokenizer);
        object.put(
                "top",
                token.alternatives().stream()
                        .map(other -> describe(other.token(), other.logprob(), tokenizer))
                        .toList());
        return object;
    }

    private static Map<String, @Nullable Object> describe(int token, double logprob, Tokenizer tokenizer) {
        return Json.object(
                "id", token,
                "token", new String(tokenizer.bytes(token), StandardCharsets.UTF_8),
                "logprob", logprob);
    }
}
