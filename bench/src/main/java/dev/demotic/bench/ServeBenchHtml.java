package dev.demotic.bench;

import dev.demotic.bench.Plot.Series;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** A report of loads as one HTML page that needs nothing else. */
public final class ServeBenchHtml {
    private final ServeBenchReport report;
    private final HtmlPage page = new HtmlPage("A server under load");

    private ServeBenchHtml(ServeBenchReport report) {
        this.report = report;
    }

    /** The page. */
    public static String of(ServeBenchReport report) {
        return new ServeBenchHtml(report).page();
    }

    private String page() {
        LoadRequest request = report.requests().getFirst();
        Machine machine = report.machine();
        page.paragraph("%s; load from %s, %d cores."
                .formatted(
                        report.requests().stream()
                                .map(ServeBenchHtml::contestant)
                                .collect(Collectors.joining("; ")),
                        machine.cpu(),
                        machine.cores()));
        page.paragraph(
                "Prompts of about %d tokens, replies of up to %d, temperature %s, seed %d. %s"
                        .formatted(
                                request.promptTokens(),
                                request.maxTokens(),
                                request.temperature(),
                                request.seed(),
                                "Rates are of requests that arrive at random (Poisson); times count from when a request was due."));
        report.capacity()
                .ifPresent(capacity -> page.paragraph("Capacity: " + Plot.number(capacity) + " replies a second."));
        charts("by clients", Load.Closed.class);
        charts("by rate", Load.Open.class);
        page.title("All figures");
        page.table(
                List.of(
                        "load",
                        "replies",
                        "errors",
                        "replies/s",
                        "good/s",
                        "tokens/s",
                        "first p50",
                        "p99",
                        "reply p50",
                        "p99"),
                report.results().stream().map(this::row).toList());
        errors();
        return page.text();
    }

    private static String contestant(LoadRequest request) {
        return "%s%s at %s"
                .formatted(
                        request.model(),
                        request.method().map(method -> ", method " + method).orElse(""),
                        request.url());
    }

    /** What one kind of load found; loads of different kinds do not go on one line. */
    private void charts(String order, Class<? extends Load> kind) {
        List<LoadResult> results = report.results().stream()
                .filter(result -> kind.isInstance(result.load()))
                .toList();
        if (results.isEmpty()) {
            return;
        }
        if (report.requests().size() > 1) {
            compare(order, results);
            return;
        }
        chart(
                "Replies a second, and those within the target, " + order,
                results,
                Map.of("all", LoadResult::repliesPerSecond, "within the target", this::goodput));
        chart("Tokens a second, " + order, results, Map.of("tokens a second", LoadResult::tokensPerSecond));
        times("Milliseconds to the first text, " + order, results, LoadResult::firstSeconds);
        times("Milliseconds from one piece of text to the next, " + order, results, LoadResult::gaps);
        times("Milliseconds to the end of the reply, " + order, results, LoadResult::replySeconds);
    }

    /** One line a contestant. */
    private void compare(String order, List<LoadResult> results) {
        compare("Replies a second within the target, " + order, results, this::goodput);
        compare("Tokens a second, " + order, results, LoadResult::tokensPerSecond);
        compare(
                "Milliseconds to the end of the reply, mean, " + order,
                results,
                result -> 1e3 * result.replySeconds().mean());
        compare(
                "Milliseconds to the end of the reply, p99, " + order,
                results,
                result -> 1e3 * result.replySeconds().p99());
        compare(
                "Milliseconds to the first text, p50, " + order,
                results,
                result -> 1e3 * result.firstSeconds().p50());
        compare(
                "Milliseconds from one piece of text to the next, p99, " + order,
                results,
                result -> 1e3 * result.gaps().p99());
    }

    private void compare(String title, List<LoadResult> results, ToDoubleFunction<LoadResult> value) {
        page.title(title);
        page.plot(Plot.curves(
                results.stream().map(result -> result.load().label()).distinct().toList(),
                report.requests().stream()
                        .map(request -> new Series(
                                report.contestant(request).orElse(""),
                                results.stream()
                                        .filter(result -> result.request().equals(request))
                                        .map(value::applyAsDouble)
                                        .toList()))
                        .toList()));
    }

    private double goodput(LoadResult result) {
        return result.goodput(report.target());
    }

    private void times(String title, List<LoadResult> results, Function<LoadResult, Percentiles> times) {
        chart(
                title,
                results,
                Map.of(
                        "p50", result -> 1e3 * times.apply(result).p50(),
                        "p90", result -> 1e3 * times.apply(result).p90(),
                        "p99", result -> 1e3 * times.apply(result).p99()));
    }

    private void chart(String title, List<LoadResult> results, Map<String, ToDoubleFunction<LoadResult>> lines) {
        page.title(title);
        page.plot(Plot.curves(
                results.stream().map(result -> result.load().label()).toList(),
                lines.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(line -> new Series(
                                line.getKey(),
                                results.stream()
                                        .map(line.getValue()::applyAsDouble)
                                        .toList()))
                        .toList()));
    }

    private List<String> row(LoadResult result) {
        return List.of(
                report.label(result),
                String.valueOf(result.replies()),
                String.valueOf(result.samples().size() - result.replies()),
                Plot.number(result.repliesPerSecond()),
                Plot.number(goodput(result)),
                Plot.number(result.tokensPerSecond()),
                Plot.number(1e3 * result.firstSeconds().p50()),
                Plot.number(1e3 * result.firstSeconds().p99()),
                Plot.number(1e3 * result.replySeconds().p50()),
                Plot.number(1e3 * result.replySeconds().p99()));
    }

    private void errors() {
        String errors = report.results().stream()
                .flatMap(result -> result.errors().entrySet().stream()
                        .map(error ->
                                "%s: %d times %s".formatted(report.label(result), error.getValue(), error.getKey())))
                .collect(Collectors.joining("; "));
        if (!errors.isEmpty()) {
            page.paragraph("Errors. " + errors + ".");
        }
    }
}
