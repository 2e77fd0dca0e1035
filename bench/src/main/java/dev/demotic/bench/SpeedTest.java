package dev.demotic.bench;

import dev.demotic.bench.Rounds.Series;
import dev.demotic.bench.SpeedReport.Decode;
import dev.demotic.bench.SpeedReport.Peak;
import dev.demotic.bench.SpeedReport.Prompt;
import dev.demotic.bench.SpeedReport.Rows;
import dev.demotic.bench.SpeedReport.Sequences;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import dev.demotic.runtime.backend.cpu.Ceilings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Measures a model's speed beside what the machine can do: single tokens, passes of several rows, prompts, and sequences that
 * decode together.
 *
 * @param prompts lengths of the prompts; those longer than the model's context are left out
 * @param maxRows passes of 1 to this many rows, with logits for each
 * @param sequences how many sequences decode together; left out where the context is no longer than their prompts
 * @param generated tokens that each of them puts out, fewer where the context ends before
 * @param repeats rounds of measurements; prompts and sequences take part in one of three
 */
public record SpeedTest(List<Integer> prompts, int maxRows, List<Integer> sequences, int generated, int repeats) {
    /** Tokens in the context of decoded tokens and of row passes. */
    private static final int CONTEXT = 64;
    /** Tokens decoded in a round. */
    private static final int DECODED = 32;

    private static final int RARELY = 3;

    /** Prompts of 16, 64 and 512 tokens, 1 to 16 rows, 1, 8 and 32 sequences, and repeats that give stable medians. */
    public static SpeedTest defaults() {
        return new SpeedTest(List.of(16, 64, 512), 16, List.of(1, 8, 32), 128, 9);
    }

    /** Sequences of full length that hold the memory which this test needs for keys and values. */
    public int openSequences() {
        return most(sequences) + 2;
    }

    /**
     * Runs the test.
     *
     * @param threads threads that measure the machine's ceilings: those that the model computes with
     * @param stage told what is being measured next
     * @throws DemoticException if the model's context is too short for it
     */
    public SpeedReport run(LanguageModel model, int threads, Consumer<String> stage) {
        int context = CONTEXT + Math.max(maxRows, DECODED);
        if (model.context() < context) {
            throw new DemoticException("measuring needs a context of %d tokens, and %s has %d"
                    .formatted(context, model.source().path(), model.context()));
        }
        List<Integer> lengths =
                prompts.stream().filter(length -> length <= model.context()).toList();
        int tokens = Math.min(generated, model.context() - JointDecoding.PROMPT);
        List<Integer> counts = tokens < 1 ? List.of() : sequences;
        TokenCost cost = TokenCost.of(model.source());
        stage.accept("opening sequences");
        try (Sequence started = model.newSequence(context);
                Sequence empty = model.newSequence(Math.max(1, most(lengths)));
                JointDecoding joint = new JointDecoding(model, most(counts), tokens);
                Ceilings ceilings = new Ceilings(threads, (long) cost.bytes())) {
            started.append(RandomTokens.of(model, CONTEXT, 1));
            Optional<AllocationCounter> counter = AllocationCounter.here();

            Rounds rounds = new Rounds();
            Series bandwidth = rounds.add("memory bandwidth", 1, ceilings::bandwidth);
            Optional<Series> int8 = ceilings.hasInt8()
                    ? Optional.of(rounds.add("8-bit peak", 1, ceilings::int8Operations))
                    : Optional.empty();
            Series floats = rounds.add("floating-point peak", 1, ceilings::floatOperations);
            Series decode = rounds.add("decoding", 1, () -> decode(started));
            List<Series> rows = IntStream.rangeClosed(1, maxRows)
                    .mapToObj(count -> rounds.add(count + " rows", 1, () -> pass(model, started, count)))
                    .toList();
            Optional<Series> allocated =
                    counter.map(bytes -> rounds.add("allocation", 1, () -> allocated(started, bytes)));
            List<Series> reading = lengths.stream()
                    .map(length -> rounds.add("a prompt of " + length, RARELY, () -> read(model, empty, length)))
                    .toList();
            List<Series> decoding = counts.stream()
                    .map(count -> rounds.add(count + " sequences", RARELY, () -> joint.tokensPerSecond(count)))
                    .toList();
            rounds.run(repeats, stage);

            Peak peak = cost.isQuantized() && int8.isPresent() ? Peak.INT8 : Peak.FLOAT;
            Shares shares = new Shares(cost, bandwidth.median(), (peak == Peak.INT8 ? int8.get() : floats).median());
            return new SpeedReport(
                    Machine.here(),
                    model.device(),
                    model.source().path().toString(),
                    bandwidth.median(),
                    int8.isPresent() ? OptionalDouble.of(int8.get().median()) : OptionalDouble.empty(),
                    floats.median(),
                    peak,
                    decode(decode.median(), shares, allocated),
                    rows(rows, shares),
                    prompts(lengths, reading, shares),
                    sequences(counts, decoding));
        }
    }

    private static int most(List<Integer> counts) {
        return counts.stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    /** Seconds a token. */
    private static double decode(Sequence sequence) {
        long began = System.nanoTime();
        generate(sequence);
        double seconds = since(began);
        sequence.truncate(CONTEXT);
        return seconds / DECODED;
    }

    /** Bytes a token. */
    private static double allocated(Sequence sequence, AllocationCounter counter) {
        long before = counter.bytes();
        generate(sequence);
        long bytes = counter.bytes() - before;
        sequence.truncate(CONTEXT);
        return (double) bytes / DECODED;
    }

    private static void generate(Sequence sequence) {
        int token = 1;
        for (int i = 0; i < DECODED; i++) {
            Outputs outputs = sequence.append(token);
            token = outputs.argmax(outputs.last());
        }
    }

    private static double pass(LanguageModel model, Sequence sequence, int rows) {
        Pass pass = Pass.of(TokenTree.chain(RandomTokens.of(model, rows, 1)));
        long began = System.nanoTime();
        sequence.forward(pass);
        return since(began);
    }

    private static double read(LanguageModel model, Sequence sequence, int length) {
        int[] tokens = RandomTokens.of(model, length, 1);
        long began = System.nanoTime();
        sequence.forward(tokens);
        return since(began);
    }

    private static double since(long began) {
        return (System.nanoTime() - began) * 1e-9;
    }

    /** Work over time, as shares of the machine's ceilings. */
    private record Shares(TokenCost cost, double bandwidth, double peak) {
        /** Of the bandwidth, for a pass that reads the weights once. */
        double ofBandwidth(double seconds) {
            return cost.bytes() / seconds / bandwidth;
        }

        /** Of the peak, for a pass of so many rows, of which some want logits. */
        double ofPeak(double seconds, int rows, int logits) {
            double operations = rows * (cost.operations() - cost.outputOperations()) + logits * cost.outputOperations();
            return operations / seconds / peak;
        }
    }

    private static Decode decode(double seconds, Shares shares, Optional<Series> allocated) {
        return new Decode(
                1 / seconds,
                shares.ofBandwidth(seconds),
                shares.ofPeak(seconds, 1, 1),
                allocated.isPresent() ? OptionalDouble.of(allocated.get().median()) : OptionalDouble.empty());
    }

    private static List<Rows> rows(List<Series> passes, Shares shares) {
        double single = passes.getFirst().median();
        List<Rows> results = new ArrayList<>();
        for (int rows = 1; rows <= passes.size(); rows++) {
            double seconds = passes.get(rows - 1).median();
            results.add(new Rows(
                    rows,
                    seconds,
                    rows / seconds,
                    seconds / single,
                    shares.ofBandwidth(seconds),
                    shares.ofPeak(seconds, rows, rows)));
        }
        return List.copyOf(results);
    }

    private static List<Prompt> prompts(List<Integer> lengths, List<Series> reading, Shares shares) {
        List<Prompt> results = new ArrayList<>();
        for (int i = 0; i < lengths.size(); i++) {
            int length = lengths.get(i);
            double seconds = reading.get(i).median();
            results.add(new Prompt(
                    length, length / seconds, shares.ofBandwidth(seconds), shares.ofPeak(seconds, length, 1)));
        }
        return List.copyOf(results);
    }

    private static List<Sequences> sequences(List<Integer> counts, List<Series> decoding) {
        return IntStream.range(0, counts.size())
                .mapToObj(i -> new Sequences(counts.get(i), decoding.get(i).median()))
                .toList();
    }
}
