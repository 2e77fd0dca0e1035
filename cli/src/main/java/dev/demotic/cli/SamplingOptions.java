package dev.demotic.cli;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Option;

/** How tokens are drawn, and when a reply ends. */
final class SamplingOptions {
    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.7",
            description =
                    "0 always takes the likeliest token, 1 is the model's own distribution (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Keep the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description = "Keep the likeliest tokens that together reach P; 1 for all (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Drop tokens less likely than P times the likeliest (default: ${DEFAULT-VALUE}).")
    private double minP;

    @Option(
            names = "--typical",
            paramLabel = "P",
            defaultValue = "1",
            description = "Keep the most typical tokens that together reach P; 1 for all (default: ${DEFAULT-VALUE}).")
    private double typical;

    @Option(
            names = "--repeat-penalty",
            paramLabel = "X",
            defaultValue = "1",
            description = "Above 1 makes tokens less likely that were there before (default: ${DEFAULT-VALUE}).")
    private double repeatPenalty;

    @Option(
            names = "--repeat-last-n",
            paramLabel = "N",
            defaultValue = "64",
            description = "How many tokens back that penalty looks; 0 for all (default: ${DEFAULT-VALUE}).")
    private int repeatLastN;

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            defaultValue = "0",
            description = "Taken from the logit of each token that the reply holds (default: ${DEFAULT-VALUE}).")
    private double presencePenalty;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "X",
            defaultValue = "0",
            description = "The same for each time that the reply holds it (default: ${DEFAULT-VALUE}).")
    private double frequencyPenalty;

    @Option(
            names = "--logit-bias",
            paramLabel = "ID=X",
            description = "Add X to the logit of token ID; -Infinity bans it. May be repeated.")
    private Map<Integer, Double> logitBias = new LinkedHashMap<>();

    @Option(
            names = "--mirostat-tau",
            paramLabel = "BITS",
            defaultValue = "0",
            description =
                    "Target surprise of Mirostat 2, which then replaces the truncations; 0 for off (default: ${DEFAULT-VALUE}).")
    private double mirostatTau;

    @Option(
            names = "--mirostat-eta",
            paramLabel = "X",
            defaultValue = "0.1",
            description = "How fast Mirostat 2 follows its target (default: ${DEFAULT-VALUE}).")
    private double mirostatEta;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "The same seed, prompt and settings give the same tokens (default: another one each time).")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--stop", paramLabel = "TEXT", description = "End the reply before this text. May be repeated.")
    private List<String> stop = List.of();

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "End the reply after N tokens (default: when the model ends it, or the context is full).")
    private Optional<Integer> maxTokens = Optional.empty();

    /** The generation that these options describe. */
    Generation generation(LanguageModel model) {
        for (int token : logitBias.keySet()) {
            if (token < 0 || token >= model.config().vocabulary()) {
                throw new DemoticException("--logit-bias names token %d, but the ids of this model go from 0 to %d"
                        .formatted(token, model.config().vocabulary() - 1));
            }
        }
        Generation generation = Generation.with(model).sampling(settings()).stop(stop);
        return maxTokens.map(generation::maxTokens).orElse(generation);
    }

    private SamplingSettings settings() {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed.orElseGet(() -> ThreadLocalRandom.current().nextLong()));
    }
}
