package dev.demotic.cli;

import dev.demotic.bench.Machine;
import dev.demotic.bench.ModelShape;
import dev.demotic.bench.RandomModel;
import dev.demotic.bench.SpeedReport;
import dev.demotic.bench.SpeedReport.Peak;
import dev.demotic.bench.SpeedTest;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.TensorType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demotic bench}: how fast a model runs here. */
@Command(
        name = "bench",
        description = {
            "Measures how fast a model decodes and reads prompts here.",
            "Figures are medians over rounds in which everything is measured in turn, with the same threads: also the bandwidth"
                    + " of reading a buffer as large as the weights, and the peak of 8-bit dot products (for float weights: of"
                    + " fused multiply-adds), which the shares refer to."
        })
final class BenchCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Option(
            names = "--prompts",
            paramLabel = "N",
            split = ",",
            defaultValue = "16,64,512",
            description = "Lengths of prompts; those longer than the context are left out (default: ${DEFAULT-VALUE}).")
    private List<Integer> prompts;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "16",
            description = "Measure passes of 1 to N rows, with logits for all (default: ${DEFAULT-VALUE}).")
    private int rows;

    @Option(
            names = "--sequences",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,8,32",
            description =
                    "How many sequences decode together, after prompts of 128 tokens (default: ${DEFAULT-VALUE}); left out"
                            + " where the context has no room for more.")
    private List<Integer> sequences;

    @Option(
            names = "--generate",
            paramLabel = "N",
            defaultValue = "128",
            description = "Tokens that each of these sequences puts out (default: ${DEFAULT-VALUE}).")
    private int generated;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "9",
            description =
                    "Rounds of measurements; prompts and sequences take part in one of three (default: ${DEFAULT-VALUE}).")
    private int repeats;

    @Option(
            names = "--random",
            paramLabel = "SHAPE",
            description = "Measure a model of random weights instead: llama-15m or llama-1.1b, made in memory.")
    private Optional<String> random = Optional.empty();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "With --random: the type of its weights, such as Q4_0 (default: Q8_0).")
    private Optional<TensorType> type = Optional.empty();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--csv", description = "Print comma-separated values.")
    private boolean csv;

    BenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (rows < 1
                || repeats < 1
                || generated < 1
                || prompts.stream().anyMatch(length -> length < 1)
                || sequences.stream().anyMatch(count -> count < 1)) {
            throw new DemoticException("--rows, --repeats, --generate, --prompts and --sequences must be at least 1");
        }
        if (json && csv) {
            throw new DemoticException("a report is printed as --json or as --csv, not as both");
        }
        SpeedTest test = new SpeedTest(prompts, rows, sequences, generated, repeats);
        SpeedReport report;
        try (ProgressLine progress = ProgressLine.waiting(console, "loading the model");
                LanguageModel model = engine.open(console, source(), test.openSequences())) {
            report = test.run(model, engine.threads(), stage -> progress.title("measuring " + stage));
        }
        if (json) {
            Json.print(console, describe(report));
        } else if (csv) {
            printCsv(report);
        } else {
            print(report);
        }
        return 0;
    }

    private ModelSource source() {
        if (random.isPresent() && engine.model().isNamed()) {
            throw new DemoticException("either --model or --random says what to measure, not both");
        }
        if (type.isPresent() && random.isEmpty()) {
            throw new DemoticException("--type is of random weights; name their shape with --random");
        }
        return random.<ModelSource>map(shape -> new RandomModel(ModelShape.named(shape), type.orElse(TensorType.Q8_0)))
                .orElseGet(() -> engine.model().open(console));
    }

    private void print(SpeedReport report) {
        Machine machine = report.machine();
        line("model", report.model());
        line(
                "machine",
                "%s, %d cores, %s memory".formatted(machine.cpu(), machine.cores(), Sizes.bytes(machine.memory())));
        line("system", machine.system() + "; " + machine.jvm());
        line("kernels", report.kernels());
        line("bandwidth", Sizes.bytes(report.bandwidth()) + "/s read");
        report.int8Operations().ifPresent(peak -> line("8-bit peak", operations(peak)));
        line("float peak", operations(report.floatOperations()));
        line("shares", "of the bandwidth and of the " + (report.peak() == Peak.INT8 ? "8-bit peak" : "float peak"));
        SpeedReport.Decode decode = report.decode();
        line(
                "decode",
                "%.1f tokens/s, %s"
                        .formatted(decode.tokensPerSecond(), shares(decode.bandwidthShare(), decode.peakShare())));
        decode.allocatedBytes()
                .ifPresent(bytes -> line("allocation", "%.0f bytes of Java heap a token".formatted(bytes)));
        for (SpeedReport.Rows row : report.rows()) {
            line(
                    "rows " + row.rows(),
                    "%.2f ms a pass, %.1f rows/s, %.2f times one row, %s"
                            .formatted(
                                    1e3 * row.secondsPerPass(),
                                    row.rowsPerSecond(),
                                    row.costRatio(),
                                    shares(row.bandwidthShare(), row.peakShare())));
        }
        for (SpeedReport.Prompt prompt : report.prompt()) {
            line(
                    "prompt " + prompt.tokens(),
                    "%.1f tokens/s, %s"
                            .formatted(prompt.tokensPerSecond(), shares(prompt.bandwidthShare(), prompt.peakShare())));
        }
        for (SpeedReport.Sequences joint : report.sequences()) {
            line("sequences " + joint.sequences(), "%.1f tokens/s together".formatted(joint.tokensPerSecond()));
        }
    }

    private static String operations(double perSecond) {
        return "%.0f billion operations/s".formatted(1e-9 * perSecond);
    }

    private static String shares(double bandwidth, double peak) {
        return "%.0f %% of the bandwidth, %.0f %% of the peak".formatted(100 * bandwidth, 100 * peak);
    }

    private void line(String name, String value) {
        console.println("%-12s %s".formatted(name, value));
    }

    private static Map<String, @Nullable Object> describe(SpeedReport report) {
        Machine machine = report.machine();
        return Json.object(
                "machine",
                Json.object(
                        "cpu", machine.cpu(),
                        "cores", machine.cores(),
                        "memory_bytes", machine.memory(),
                        "system", machine.system(),
                        "jvm", machine.jvm()),
                "kernels",
                report.kernels(),
                "model",
                report.model(),
                "bandwidth_bytes_per_second",
                report.bandwidth(),
                "int8_operations_per_second",
                orNull(report.int8Operations()),
                "float_operations_per_second",
                report.floatOperations(),
                "peak",
                report.peak().name().toLowerCase(Locale.ROOT),
                "decode",
                Json.object(
                        "tokens_per_second", report.decode().tokensPerSecond(),
                        "bandwidth_share", report.decode().bandwidthShare(),
                        "peak_share", report.decode().peakShare(),
                        "allocated_bytes_per_token", orNull(report.decode().allocatedBytes())),
                "rows",
                report.rows().stream()
                        .map(row -> Json.object(
                                "rows", row.rows(),
                                "seconds_per_pass", row.secondsPerPass(),
                                "rows_per_second", row.rowsPerSecond(),
                                "cost_ratio", row.costRatio(),
                                "bandwidth_share", row.bandwidthShare(),
                                "peak_share", row.peakShare()))
                        .toList(),
                "prompt",
                report.prompt().stream()
                        .map(prompt -> Json.object(
                                "tokens", prompt.tokens(),
                                "tokens_per_second", prompt.tokensPerSecond(),
                                "bandwidth_share", prompt.bandwidthShare(),
                                "peak_share", prompt.peakShare()))
                        .toList(),
                "sequences",
                report.sequences().stream()
                        .map(joint -> Json.object(
                                "sequences", joint.sequences(),
                                "tokens_per_second", joint.tokensPerSecond()))
                        .toList());
    }

    private static @Nullable Double orNull(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }

    /** One line a measurement; columns that it has no value for stay empty. */
    private void printCsv(SpeedReport report) {
        console.println("measurement,size,per_second,seconds_per_pass,cost_ratio,bandwidth_share,peak_share,"
                + "allocated_bytes_per_token");
        csvLine("bandwidth", "", report.bandwidth(), "", "", "", "", "");
        report.int8Operations().ifPresent(peak -> csvLine("int8_peak", "", peak, "", "", "", "", ""));
        csvLine("float_peak", "", report.floatOperations(), "", "", "", "", "");
        SpeedReport.Decode decode = report.decode();
        csvLine(
                "decode",
                1,
                decode.tokensPerSecond(),
                "",
                "",
                decode.bandwidthShare(),
                decode.peakShare(),
                decode.allocatedBytes().isPresent() ? decode.allocatedBytes().getAsDouble() : "");
        for (SpeedReport.Rows row : report.rows()) {
            csvLine(
                    "rows",
                    row.rows(),
                    row.rowsPerSecond(),
                    row.secondsPerPass(),
                    row.costRatio(),
                    row.bandwidthShare(),
                    row.peakShare(),
                    "");
        }
        for (SpeedReport.Prompt prompt : report.prompt()) {
            csvLine(
                    "prompt",
                    prompt.tokens(),
                    prompt.tokensPerSecond(),
                    "",
                    "",
                    prompt.bandwidthShare(),
                    prompt.peakShare(),
                    "");
        }
        for (SpeedReport.Sequences joint : report.sequences()) {
            csvLine("sequences", joint.sequences(), joint.tokensPerSecond(), "", "", "", "", "");
        }
    }

    private void csvLine(Object... values) {
        console.println(Stream.of(values).map(String::valueOf).collect(Collectors.joining(",")));
    }
}
