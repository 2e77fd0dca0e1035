package dev.demotic.bench;

import dev.demotic.bench.Bootstrap.Interval;
import dev.demotic.decoding.speculate.SpecReasonReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@link ReasoningBench} found.
 *
 * @param machine where
 * @param device kernels and threads
 * @param model the large model's file
 * @param problems how many
 * @param temperature 0 for greedy
 * @param methods in the order of the report; the large model alone first
 * @param runs of each method, problem by problem
 */
public record ReasoningReport(
        Machine machine,
        String device,
        String model,
        int problems,
        double temperature,
        List<String> methods,
        Map<String, List<Run>> runs) {
    private static final JsonMapper MAPPER = new JsonMapper();

    /**
     * One reply.
     *
     * @param isSolved whether its number is right
     * @param tokens of the reply
     * @param seconds from the question to the end
     * @param logLikelihood of the reply under the large model, in nats
     * @param agreeing tokens that the large model found likeliest where they stand
     * @param steps what became of steps; none for methods without any
     */
    public record Run(
            boolean isSolved, int tokens, double seconds, double logLikelihood, int agreeing, SpecReasonReport steps) {}

    /**
     * A method on all problems. Intervals are of 95 %, over the problems, and paired where two methods are compared.
     *
     * @param method its name
     * @param accuracy share of problems solved
     * @param accuracyInterval of it
     * @param likelihood mean log likelihood of a token under the large model, in nats
     * @param likelihoodGain that less the large model's own
     * @param likelihoodGainInterval of it
     * @param agreement share of tokens that the large model found likeliest
     * @param latency seconds over the large model's own
     * @param latencyInterval of it
     * @param tokens mean length of a reply
     * @param steps of all replies
     */
    public record Summary(
            String method,
            double accuracy,
            Interval accuracyInterval,
            double likelihood,
            double likelihoodGain,
            Interval likelihoodGainInterval,
            double agreement,
            double latency,
            Interval latencyInterval,
            double tokens,
            SpecReasonReport steps) {}

    /** All methods, in their order. */
    public List<Summary> summaries() {
        return methods.stream().map(this::summary).toList();
    }

    /** One of them. */
    public Summary summary(String method) {
        List<Run> mine = runs(method);
        List<Run> alone = runs(methods.getFirst());
        ToDoubleFunction<int[]> accuracy = chosen -> mean(mine, chosen, run -> run.isSolved() ? 1 : 0);
        ToDoubleFunction<int[]> gain = chosen -> likelihood(mine, chosen) - likelihood(alone, chosen);
        ToDoubleFunction<int[]> latency =
                chosen -> mean(mine, chosen, Run::seconds) / mean(alone, chosen, Run::seconds);
        int[] all = IntStream.range(0, problems).toArray();
        return new Summary(
                method,
                accuracy.applyAsDouble(all),
                Bootstrap.interval(problems, accuracy),
                likelihood(mine, all),
                gain.applyAsDouble(all),
                Bootstrap.interval(problems, gain),
                mean(mine, all, Run::agreeing) / mean(mine, all, Run::tokens),
                latency.applyAsDouble(all),
                Bootstrap.interval(problems, latency),
                mean(mine, all, Run::tokens),
                mine.stream().map(Run::steps).reduce(SpecReasonReport.none(), SpecReasonReport::plus));
    }

    private List<Run> runs(String method) {
        return runs.getOrDefault(method, List.of());
    }

    private static double likelihood(List<Run> runs, int[] chosen) {
        return mean(runs, chosen, Run::logLikelihood) / mean(runs, chosen, Run::tokens);
    }

    private static double mean(List<Run> runs, int[] chosen, ToDoubleFunction<Run> value) {
        return IntStream.of(chosen)
                .mapToDouble(i -> value.applyAsDouble(runs.get(i)))
                .average()
                .orElse(0);
    }

    /** One JSON object. */
    public String json() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("machine", MethodBenchText.object(machine));
        object.put("device", device);
        object.put("model", model);
        object.put("problems", problems);
        object.put("temperature", temperature);
        object.put(
                "summaries", summaries().stream().map(ReasoningReport::object).toList());
        return MAPPER.writeValueAsString(object);
    }

    private static Map<String, Object> object(Summary summary) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("method", summary.method());
        object.put("accuracy", summary.accuracy());
        object.put("accuracy_interval", ends(summary.accuracyInterval()));
        object.put("log_likelihood", summary.likelihood());
        object.put("log_likelihood_gain", summary.likelihoodGain());
        object.put("log_likelihood_gain_interval", ends(summary.likelihoodGainInterval()));
        object.put("agreement", summary.agreement());
        object.put("latency_ratio", summary.latency());
        object.put("latency_ratio_interval", ends(summary.latencyInterval()));
        object.put("tokens", summary.tokens());
        object.put("steps_accepted", summary.steps().accepted());
        object.put("steps_rewritten", summary.steps().rewritten());
        object.put("small_tokens", summary.steps().smallTokens());
        object.put("large_tokens", summary.steps().largeTokens());
        object.put("judge_seconds", summary.steps().judgeSeconds());
        return object;
    }

    private static List<Double> ends(Interval interval) {
        return List.of(interval.low(), interval.high());
    }

    /** A table for people: a line for each method, headings first. */
    public List<String> table() {
        int width = methods.stream().mapToInt(String::length).max().orElse(0);
        String layout = "%-" + width + "s  %-18s %-26s %6s %7s  %-18s %6s %6s %6s";
        List<String> lines = new ArrayList<>();
        lines.add(layout.formatted(
                "method",
                "accuracy",
                "nats a token, less alone",
                "agree",
                "tokens",
                "latency / alone",
                "kept",
                "small",
                "judge"));
        for (Summary summary : summaries()) {
            boolean hasSteps = summary.steps().judgePasses() > 0;
            lines.add(layout.formatted(
                            summary.method(),
                            "%.1f %% [%.1f, %.1f]"
                                    .formatted(
                                            100 * summary.accuracy(),
                                            100 * summary.accuracyInterval().low(),
                                            100 * summary.accuracyInterval().high()),
                            "%.3f %+.3f [%+.3f, %+.3f]"
                                    .formatted(
                                            summary.likelihood(),
                                            summary.likelihoodGain(),
                                            summary.likelihoodGainInterval().low(),
                                            summary.likelihoodGainInterval().high()),
                            "%.0f %%".formatted(100 * summary.agreement()),
                            "%.0f".formatted(summary.tokens()),
                            "%.2f [%.2f, %.2f]"
                                    .formatted(
                                            summary.latency(),
                                            summary.latencyInterval().low(),
                                            summary.latencyInterval().high()),
                            hasSteps ? "%.0f %%".formatted(100 * summary.steps().stepAcceptance()) : "",
                            hasSteps ? "%.0f %%".formatted(100 * summary.steps().smallShare()) : "",
                            hasSteps ? "%.0f %%".formatted(100 * judgeShare(summary)) : "")
                    .stripTrailing());
        }
        return List.copyOf(lines);
    }

    /** The share of a method's time that the large model judged. */
    private double judgeShare(Summary summary) {
        double seconds =
                runs(summary.method()).stream().mapToDouble(Run::seconds).sum();
        return summary.steps().judgeSeconds() / seconds;
    }
}
