package dev.demotic.cli;

import dev.demotic.bench.Machine;
import dev.demotic.bench.SpeedReport;
import dev.demotic.bench.SpeedTest;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.List;
import java.util.Map;
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
            "Times are medians. The bandwidth and the peak of fused multiply-adds that shares refer to are measured in the same"
                    + " run, with the same threads."
        })
final class BenchCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Option(
            names = "--prompts",
            paramLabel = "N",
            split = ",",
            defaultValue = "32,128,512",
            description = "Lengths of prompts; those longer than the context are left out (default: ${DEFAULT-VALUE}).")
    private List<Integer> prompts;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "16",
            description = "Measure passes of 1 to N rows (default: ${DEFAULT-VALUE}).")
    private int rows;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "9",
            description = "Measured runs of each kind (default: ${DEFAULT-VALUE}).")
    private int repeats;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--csv", description = "Print comma-separated values.")
    private boolean csv;

    BenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (rows < 1 || repeats < 1 || prompts.stream().anyMatch(length -> length < 1)) {
            throw new DemoticException("--rows, --repeats and --prompts must be at least 1");
        }
        if (json && csv) {
            throw new DemoticException("a report is printed as --json or as --csv, not as both");
        }
        SpeedReport report;
        try (LanguageModel model = engine.open(console);
                ProgressLine progress = ProgressLine.waiting(console, "measuring")) {
            report = new SpeedTest(prompts, rows, repeats)
                    .run(model, engine.threads(), stage -> progress.title("measuring " + stage));
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

    private void print(SpeedReport report) {
        Machine machine = report.machine();
        line("model", report.model());
        line(
                "machine",
                "%s, %d cores, %s memory".formatted(machine.cpu(), machine.cores(), Sizes.bytes(machine.memory())));
        line("system", machine.system() + "; " + machine.jvm());
        line("kernels", report.kernels());
        line("bandwidth", Sizes.bytes(report.bandwidth()) + "/s read");
        line(
                "decode",
                "%.1f tokens/s, %.0f %% of the bandwidth"
                        .formatted(
                                report.decode().tokensPerSecond(),
                                100 * report.decode().bandwidthShare()));
        for (SpeedReport.Prompt prompt : report.prompt()) {
            line(
                    "prompt " + prompt.tokens(),
                    "%.1f tokens/s, %.0f %% of the peak".formatted(prompt.tokensPerSecond(), 100 * prompt.peakShare()));
        }
        for (SpeedReport.Rows row : report.rows()) {
            line(
                    "rows " + row.rows(),
                    "%.2f ms a pass, %.1f rows/s, %.2f times one row"
                            .formatted(1e3 * row.secondsPerPass(), row.rowsPerSecond(), row.costRatio()));
        }
    }

    private void line(String name, String value) {
        console.println("%-11s %s".formatted(name, value));
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
                "decode",
                Json.object(
                        "tokens_per_second", report.decode().tokensPerSecond(),
                        "bandwidth_share", report.decode().bandwidthShare()),
                "rows",
                report.rows().stream()
                        .map(row -> Json.object(
                                "rows", row.rows(),
                                "seconds_per_pass", row.secondsPerPass(),
                                "rows_per_second", row.rowsPerSecond(),
                                "cost_ratio", row.costRatio()))
                        .toList(),
                "prompt",
                report.prompt().stream()
                        .map(prompt -> Json.object(
                                "tokens", prompt.tokens(),
                                "tokens_per_second", prompt.tokensPerSecond(),
                                "peak_share", prompt.peakShare()))
                        .toList());
    }

    /** One line a measurement; columns that it has no value for stay empty. */
    private void printCsv(SpeedReport report) {
        console.println("measurement,size,per_second,seconds_per_pass,bandwidth_share,cost_ratio,peak_share");
        csvLine("bandwidth", "", report.bandwidth(), "", "", "", "");
        csvLine(
                "decode",
                1,
                report.decode().tokensPerSecond(),
                "",
                report.decode().bandwidthShare(),
                "",
                "");
        for (SpeedReport.Rows row : report.rows()) {
            csvLine("rows", row.rows(), row.rowsPerSecond(), row.secondsPerPass(), "", row.costRatio(), "");
        }
        for (SpeedReport.Prompt prompt : report.prompt()) {
            csvLine("prompt", prompt.tokens(), prompt.tokensPerSecond(), "", "", "", prompt.peakShare());
        }
    }

    private void csvLine(Object... values) {
        console.println(Stream.of(values).map(String::valueOf).collect(Collectors.joining(",")));
    }
}
