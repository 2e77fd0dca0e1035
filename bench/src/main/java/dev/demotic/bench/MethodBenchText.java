package dev.demotic.bench;

import dev.demotic.bench.MethodBenchReport.Run;
import dev.demotic.bench.MethodBenchReport.Summary;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** A report of methods for programs: JSON and comma-separated values. */
public final class MethodBenchText {
    private static final JsonMapper MAPPER = new JsonMapper();

    private MethodBenchText() {}

    /** One JSON object. */
    public static String json(MethodBenchReport report) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("machine", object(report.machine()));
        object.put("device", report.device());
        object.put("model", report.model());
        object.put("drafts", report.drafts());
        object.put("tokens", report.tokens());
        object.put("ignore_eos", report.ignoresEnd());
        object.put("temperature", report.temperature());
        object.put("seed", report.seed());
        object.put("prompts_left_out", report.leftOut());
        object.put("lossless", report.lossless());
        object.put(
                "summaries",
                report.summaries().stream().map(MethodBenchText::object).toList());
        object.put("runs", report.runs().stream().map(MethodBenchText::object).toList());
        return MAPPER.writeValueAsString(object);
    }

    static Map<String, Object> object(Machine machine) {
        return Map.of(
                "cpu", machine.cpu(),
                "cores", machine.cores(),
                "memory_bytes", machine.memory(),
                "system", machine.system(),
                "jvm", machine.jvm());
    }

    private static Map<String, Object> object(Summary summary) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("task", summary.task());
        object.put("method", summary.method());
        object.put("prompts", summary.prompts());
        object.put("tokens_per_second", summary.tokensPerSecond());
        object.put("ratio", summary.ratio());
        object.put("block_efficiency", summary.blockEfficiency());
        object.put("identical", summary.identical());
        object.put("speculation", summary.speculation().figures());
        return object;
    }

    private static Map<String, Object> object(Run run) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("task", run.task());
        object.put("prompt", run.prompt());
        object.put("method", run.method());
        object.put("prompt_tokens", run.promptTokens());
        object.put("tokens", run.tokens());
        object.put("prompt_seconds", run.promptSeconds());
        object.put("seconds", run.seconds());
        object.put("identical", run.difference().isEmpty());
        run.difference().ifPresent(difference -> {
            object.put("difference_at", difference.at());
            object.put("expected_token", difference.expected());
            object.put("actual_token", difference.actual());
        });
        object.put("speculation", run.speculation().figures());
        return object;
    }

    /** One line a method and task, with a heading. */
    public static String csv(MethodBenchReport report) {
        return report.summaries().stream()
                .map(MethodBenchText::line)
                .collect(Collectors.joining(
                        "\n",
                        "task,method,prompts,tokens_per_second,ratio,block_efficiency,acceptance,identical,draft_share,target_share,sampling_share,other_share\n",
                        "\n"));
    }

    private static String line(Summary summary) {
        SpeculationStatistics work = summary.speculation();
        List<Double> times = times(work);
        double total = times.stream().mapToDouble(time -> time).sum();
        return Stream.concat(
                        Stream.of(
                                quoted(summary.task()),
                                quoted(summary.method()),
                                String.valueOf(summary.prompts()),
                                number(summary.tokensPerSecond()),
                                number(summary.ratio()),
                                number(summary.blockEfficiency()),
                                number(work.acceptance()),
                                String.valueOf(summary.identical())),
                        times.stream().map(time -> total > 0 ? number(time / total) : ""))
                .collect(Collectors.joining(","));
    }

    /** Where the time went: draft, target, sampling, rest. */
    static List<Double> times(SpeculationStatistics work) {
        return List.of(work.draftSeconds(), work.targetSeconds(), work.samplingSeconds(), work.otherSeconds());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    private static String quoted(String text) {
        return text.matches("[\\w .:=+-]*") ? text : "\"" + text.replace("\"", "\"\"") + "\"";
    }
}
