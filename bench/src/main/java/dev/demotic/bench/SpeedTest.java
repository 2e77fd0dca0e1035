package dev.demotic.bench;

import dev.demotic.bench.SpeedReport.Decode;
import dev.demotic.bench.SpeedReport.Prompt;
import dev.demotic.bench.SpeedReport.Rows;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Measures a model's speed: prompts, single tokens, and passes of several rows.
 *
 * @param prompts lengths of the prompts; those longer than the model's context are left out
 * @param maxRows passes of 1 to this many rows
 * @param repeats measured runs of each kind
 */
public record SpeedTest(List<Integer> prompts, int maxRows, int repeats) {
    /** Tokens in the context of decoded tokens and of row passes. */
    private static final int CONTEXT = 64;
    /** Runs of a kind that are not counted, and decoded tokens for one repeat. */
    private static final int WARM_UP = 3;

    private static final int TOKENS_A_REPEAT = 8;

    /** Prompts of 32, 128 and 512 tokens, 1 to 16 rows, and repeats that give stable medians. */
    public static SpeedTest defaults() {
        return new SpeedTest(List.of(32, 128, 512), 16, 9);
    }

    /**
     * Runs the test.
     *
     * @param threads threads that measure the machine's ceilings: those that the model computes with
     * @param stage told what is being measured next
     * @throws DemoticException if the model's context is too short for it
     */
    public SpeedReport run(LanguageModel model, int threads, Consumer<String> stage) {
        if (model.context() < CONTEXT + Math.max(maxRows, 2 * WARM_UP)) {
            throw new DemoticException("measuring needs a context of %d tokens, and %s has %d"
                    .formatted(
                            CONTEXT + Math.max(maxRows, 2 * WARM_UP),
                            model.source().path(),
                            model.context()));
        }
        TokenCost cost = TokenCost.of(model.source());
        stage.accept("memory bandwidth");
        double bandwidth = Ceiling.bandwidth(threads);
        stage.accept("peak arithmetic");
        double peak = Ceiling.arithmetic(threads);
        stage.accept("passes of 1 to " + maxRows + " rows");
        List<Rows> rows = rows(model);
        stage.accept("decoding"); // after the passes, which have the JIT compile what decoding runs
        Decode decode = decode(model, cost, bandwidth);
        List<Prompt> read = new ArrayList<>();
        for (int length : prompts) {
            if (length <= model.context()) {
                stage.accept("a prompt of " + length + " tokens");
                read.add(prompt(model, length, cost, peak));
            }
        }
        return new SpeedReport(
                Machine.here(),
                model.device(),
                model.source().path().toString(),
                bandwidth,
                decode,
                rows,
                List.copyOf(read));
    }

    private Decode decode(LanguageModel model, TokenCost cost, double bandwidth) {
        int steps = Math.min(repeats * TOKENS_A_REPEAT, model.context() - CONTEXT - WARM_UP);
        double[] seconds = new double[steps];
        try (Sequence sequence = model.newSequence()) {
            Outputs outputs = sequence.append(tokens(model, CONTEXT));
            for (int step = -WARM_UP; step < steps; step++) {
                long began = System.nanoTime();
                outputs = sequence.append(outputs.argmax(outputs.last()));
                if (step >= 0) {
                    seconds[step] = since(began);
                }
            }
        }
        double tokensPerSecond = 1 / median(seconds);
        return new Decode(tokensPerSecond, tokensPerSecond * cost.bytes() / bandwidth);
    }

    /** Rounds over all numbers of rows, so that what disturbs the machine for a while disturbs them alike. */
    private List<Rows> rows(LanguageModel model) {
        double[][] seconds = new double[maxRows][repeats];
        try (Sequence sequence = model.newSequence()) {
            sequence.append(tokens(model, CONTEXT));
            for (int round = -WARM_UP; round < repeats; round++) {
                for (int rows = 1; rows <= maxRows; rows++) {
                    Pass pass = Pass.of(TokenTree.chain(tokens(model, rows)));
                    long began = System.nanoTime();
                    sequence.forward(pass);
                    if (round >= 0) {
                        seconds[rows - 1][round] = since(began);
                    }
                }
            }
        }
        double single = median(seconds[0]);
        List<Rows> results = new ArrayList<>();
        for (int rows = 1; rows <= maxRows; rows++) {
            double time = median(seconds[rows - 1]);
            results.add(new Rows(rows, time, rows / time, time / single));
        }
        return List.copyOf(results);
    }

    private Prompt prompt(LanguageModel model, int length, TokenCost cost, double peak) {
        int runs = Math.max(1, repeats / 3);
        double[] seconds = new double[runs];
        int[] tokens = tokens(model, length);
        try (Sequence sequence = model.newSequence()) {
            for (int run = -1; run < runs; run++) {
                long began = System.nanoTime();
                sequence.forward(tokens);
                if (run >= 0) {
                    seconds[run] = since(began);
                }
            }
        }
        double time = median(seconds);
        double operations = length * (cost.operations() - cost.outputOperations()) + cost.outputOperations();
        return new Prompt(length, length / time, operations / time / peak);
    }

    private static int[] tokens(LanguageModel model, int count) {
        return new Random(1).ints(count, 0, model.config().vocabulary()).toArray();
    }

    private static double since(long began) {
        return (System.nanoTime() - began) * 1e-9;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
