package dev.demotic.cli;

import dev.demotic.decoding.sample.SamplingSettings;
import picocli.CommandLine.Option;

/** How long a benchmark's replies are, and how their tokens are drawn: each time the same ones. */
final class ReplyOptions {
    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "Tokens of a reply, at most (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "0 always takes the likeliest token (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of all that is drawn (default: ${DEFAULT-VALUE}).")
    private long seed;

    /** @param maxTokens unless the user says otherwise */
    ReplyOptions(int maxTokens) {
        this.maxTokens = maxTokens;
    }

    int maxTokens() {
        return maxTokens;
    }

    double temperature() {
        return temperature;
    }

    long seed() {
        return seed;
    }

    SamplingSettings sampling() {
        return SamplingSettings.greedy().withTemperature(temperature).withSeed(seed);
    }
}
