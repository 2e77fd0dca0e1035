package dev.demotic.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** A report of loads as a table, as JSON and as comma-separated values. */
public final class ServeBenchText {
    private static final JsonMapper MAPPER = new JsonMapper();

    private ServeBenchText() {}

    /** A table for people, times in milliseconds. */
    public static List<String> table(ServeBenchReport report) {
        int width = Math.max(
                12,
                report.results().stream()
                        .mapToInt(result -> report.label(result).length())
                        .max()
                        .orElse(0));
        String heading = ("%-" + width + "s %7s %6s  %9s %9s  %-21s  %-21s  %-21s")
                .formatted(
                        "load",
                        "replies",
                        "errors",
                        "good/s",
                        "tokens/s",
                        "first text p50/p99 ms",
                        "gaps p50/p99 ms",
                        "reply mean/p50/p99 ms");
        return Stream.concat(
                        Stream.of(heading.stripTrailing()),
                        report.results().stream().map(result -> row(report, width, result)))
                .toList();
    }

    private static String row(ServeBenchReport report, int width, LoadResult result) {
        return String.format(
                        Locale.ROOT,
                        "%-" + width + "s %7d %6d  %9.2f %9.1f  %-21s  %-21s  %-21s",
                        report.label(result),
                        result.replies(),
                        result.samples().size() - result.replies(),
                        result.goodput(report.target()),
                        result.tokensPerSecond(),
                        pair(result.firstSeconds()),
                        pair(result.gaps()),
                        String.format(
                                        Locale.ROOT,
                                        "%.1f / ",
                                        1e3 * result.replySeconds().mean())
                                + pair(result.replySeconds()))
                .stripTrailing();
    }

    private static String pair(Percentiles times) {
        return String.format(Locale.ROOT, "%.1f / %.1f", 1e3 * times.p50(), 1e3 * times.p99());
    }

    /** One JSON object, times in seconds. */
    public static String json(ServeBenchReport report) {
        LoadRequest request = report.requests().getFirst();
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("machine", MethodBenchText.object(report.machine()));
        object.put("prompt_tokens", request.promptTokens());
        object.put("max_tokens", request.maxTokens());
        object.put("temperature", request.temperature());
        object.put("seed", request.seed());
        report.capacity().ifPresent(capacity -> object.put("capacity_per_second", capacity));
        object.put("target", target(report.target()));
        object.put(
                "loads",
                report.results().stream().map(result -> object(report, result)).toList());
        return MAPPER.writeValueAsString(object);
    }

    private static Map<String, Object> target(LatencyTarget target) {
        Map<String, Object> object = new LinkedHashMap<>();
        Map.of(
                        "first_seconds",
                        target.firstSeconds(),
                        "token_seconds",
                        target.tokenSeconds(),
                        "seconds",
                        target.seconds())
                .forEach((name, limit) -> {
                    if (Double.isFinite(limit)) {
                        object.put(name, limit);
                    }
                });
        return object;
    }

    private static Map<String, Object> object(ServeBenchReport report, LoadResult result) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("url", result.request().url().toString());
        object.put("model", result.request().model());
        result.request().method().ifPresent(method -> object.put("method", method));
        switch (result.load()) {
            case Load.Open(double rate) -> object.put("rate", rate);
            case Load.Closed(int clients) -> object.put("clients", clients);
        }
        object.put("requests", result.samples().size());
        object.put("replies", result.replies());
        object.put("errors", result.errors());
        object.put("seconds", result.seconds());
        object.put("replies_per_second", result.repliesPerSecond());
        object.put("goodput_per_second", result.goodput(report.target()));
        object.put("tokens_per_second", result.tokensPerSecond());
        object.put("mean_prompt_tokens", result.meanPromptTokens());
        object.put("mean_reply_tokens", result.meanTokens());
        object.put("first_seconds", object(result.firstSeconds()));
        object.put("gap_seconds", object(result.gaps()));
        object.put("seconds_per_token", object(result.secondsPerToken()));
        object.put("reply_seconds", object(result.replySeconds()));
        object.put(
                "samples", result.samples().stream().map(ServeBenchText::object).toList());
        return object;
    }

    private static Map<String, Object> object(Percentiles times) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("mean", times.mean());
        object.put("p50", times.p50());
        object.put("p90", times.p90());
        object.put("p99", times.p99());
        object.put("max", times.most());
        return object;
    }

    private static Map<String, Object> object(LoadSample sample) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("due_seconds", sample.dueSeconds());
        object.put("first_seconds", sample.firstSeconds());
        object.put("seconds", sample.seconds());
        object.put("prompt_tokens", sample.promptTokens());
        object.put("tokens", sample.tokens());
        sample.error().ifPresent(error -> object.put("error", error));
        return object;
    }

    /** One line a load, with a heading; times in seconds. */
    public static String csv(ServeBenchReport report) {
        return report.results().stream()
                .map(result -> line(report, result))
                .collect(Collectors.joining(
                        "\n",
                        "load,url,method,requests,replies,replies_per_second,goodput_per_second,tokens_per_second,"
                                + "first_p50,first_p90,first_p99,gap_p50,gap_p90,gap_p99,token_p50,token_p90,token_p99,"
                                + "reply_mean,reply_p50,reply_p90,reply_p99\n",
                        "\n"));
    }

    private static String line(ServeBenchReport report, LoadResult result) {
        Stream<String> counts = Stream.of(
                result.load().label(),
                result.request().url().toString(),
                result.request().method().map(method -> '"' + method + '"').orElse(""),
                String.valueOf(result.samples().size()),
                String.valueOf(result.replies()));
        Stream<Double> rates =
                Stream.of(result.repliesPerSecond(), result.goodput(report.target()), result.tokensPerSecond());
        Stream<Double> times = Stream.of(result.firstSeconds(), result.gaps(), result.secondsPerToken())
                .flatMap(ServeBenchText::shares);
        Stream<Double> replies = Stream.concat(Stream.of(result.replySeconds().mean()), shares(result.replySeconds()));
        return Stream.concat(
                        counts,
                        Stream.of(rates, times, replies)
                                .flatMap(values -> values)
                                .map(ServeBenchText::number))
                .collect(Collectors.joining(","));
    }

    private static Stream<Double> shares(Percentiles times) {
        return Stream.of(times.p50(), times.p90(), times.p99());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.6f", value);
    }
}
