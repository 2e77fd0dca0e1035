package dev.demotic.cli;

import dev.demotic.decoding.Perplexity;
import dev.demotic.decoding.Perplexity.Scored;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demotic perplexity}: how well a model predicts a text. */
@Command(name = "perplexity", description = "Measures how well a model predicts a text: lower is better.")
final class PerplexityCommand implements Callable<Integer> {
    /** Which tokens of a window count. */
    private enum Protocol {
        FULL,
        HALF
    }

    private static final int PROGRESS_STEPS = 10_000;

    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            required = true,
            description = "The text; - for standard input.")
    private String file;

    @Option(
            names = "--window",
            paramLabel = "N",
            defaultValue = "512",
            description =
                    "Cut the text into windows of N tokens that know nothing of each other (default: ${DEFAULT-VALUE}).")
    private int window;

    @Option(
            names = "--protocol",
            paramLabel = "full|half",
            defaultValue = "full",
            description =
                    "Count all tokens of a window but the first, or those of its second half (default: ${DEFAULT-VALUE}).")
    private Protocol protocol;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    PerplexityCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        String text = TextInput.read(console, file);
        try (LanguageModel model = engine.open(console);
                ProgressLine progress = new ProgressLine(console, "perplexity", ProgressLine.Unit.SHARE)) {
            Perplexity perplexity = Perplexity.of(
                    model,
                    tokens(model.tokenizer(), text),
                    window,
                    protocol == Protocol.FULL ? Scored.ALL : Scored.SECOND_HALF,
                    share -> progress.update(Math.round(share * PROGRESS_STEPS), PROGRESS_STEPS));
            progress.stop();
            print(perplexity);
        }
        return 0;
    }

    private void print(Perplexity perplexity) {
        double mean = perplexity.negativeLogLikelihood() / perplexity.tokens();
        if (json) {
            Json.print(
                    console,
                    Json.object(
                            "perplexity", perplexity.value(),
                            "negative_log_likelihood", mean,
                            "tokens", perplexity.tokens(),
                            "window", window,
                            "protocol", protocol.name().toLowerCase(java.util.Locale.ROOT)));
        } else {
            console.println("perplexity %.4f over %s tokens (%.5f nats a token)"
                    .formatted(perplexity.value(), Sizes.count(perplexity.tokens()), mean));
        }
    }

    private static int[] tokens(Tokenizer tokenizer, String text) {
        int[] tokens = tokenizer.encode(text);
        return tokenizer.addsBos() && tokenizer.bos().isPresent()
                ? IntStream.concat(IntStream.of(tokenizer.bos().getAsInt()), IntStream.of(tokens))
                        .toArray()
                : tokens;
    }
}
