package dev.demotic.bench;

import dev.demotic.bench.MethodBenchReport.Run;
import dev.demotic.bench.MethodBenchReport.Summary;
import dev.demotic.bench.Plot.Series;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import java.util.List;
import java.util.stream.Collectors;

/** A report of methods as one HTML page that needs nothing else. */
public final class MethodBenchHtml {
    private static final String HEAD = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>Decoding methods</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
            svg text { font: 12px system-ui, sans-serif; fill: #222; }
            svg { display: block; max-width: 100%; height: auto; }
            table { border-collapse: collapse; }
            th, td { padding: .15rem .8rem .15rem 0; text-align: right; }
            th:first-child, td:first-child { text-align: left; }
            tr { border-bottom: 1px solid #ddd; }
            </style>
            """;

    private final MethodBenchReport report;
    private final StringBuilder page = new StringBuilder(HEAD);

    private MethodBenchHtml(MethodBenchReport report) {
        this.report = report;
    }

    /** The page. */
    public static String of(MethodBenchReport report) {
        return new MethodBenchHtml(report).page();
    }

    private String page() {
        Machine machine = report.machine();
        page.append("<h1>Decoding methods</h1>\n");
        paragraph("%s on %s, %d cores; %s; %s."
                .formatted(report.model(), machine.cpu(), machine.cores(), report.device(), machine.jvm()));
        paragraph(
                "Replies of up to %d tokens at temperature %s, all methods on a prompt before the next. Speed counts the tokens after the first."
                        .formatted(report.tokens(), report.temperature()));
        if (report.leftOut() > 0) {
            paragraph(report.leftOut() + " prompts were left out, since they do not fit the context.");
        }
        List<Summary> overall = report.overall();
        title("Speed over plain decoding, all tasks");
        page.append(ratios(overall));
        table(overall);
        differences();

        title("Acceptance by depth: the chance that a drafted token comes true where it is reached");
        page.append(Plot.lines(drafting(overall).stream()
                .map(summary -> new Series(
                        summary.method(),
                        summary.speculation().depths().stream()
                                .limit(16)
                                .map(SpeculationStatistics.Depth::acceptance)
                                .toList()))
                .toList()));
        title("Where the time goes after the prompt");
        page.append(Plot.bars(
                drafting(overall).stream().map(MethodBenchHtml::shares).toList(),
                List.of("draft", "target", "sampling", "rest"),
                0));
        for (String task : report.tasks()) {
            List<Summary> summaries = report.summaries().stream()
                    .filter(summary -> summary.task().equals(task))
                    .toList();
            title("Task: " + task);
            page.append(ratios(summaries));
            table(summaries);
        }
        return page.append("</html>\n").toString();
    }

    private void title(String text) {
        page.append("<h2>").append(Plot.escaped(text)).append("</h2>\n");
    }

    private void paragraph(String text) {
        page.append("<p>").append(Plot.escaped(text)).append("</p>\n");
    }

    private static String ratios(List<Summary> summaries) {
        return Plot.bars(
                summaries.stream()
                        .map(summary -> new Series(summary.method(), List.of(summary.ratio())))
                        .toList(),
                List.of(),
                1);
    }

    private static List<Summary> drafting(List<Summary> summaries) {
        return summaries.stream()
                .filter(summary -> summary.speculation().rounds() > 0)
                .toList();
    }

    private static Series shares(Summary summary) {
        List<Double> times = MethodBenchText.times(summary.speculation());
        double total = times.stream().mapToDouble(time -> time).sum();
        return new Series(
                summary.method(),
                times.stream().map(time -> total > 0 ? time / total : 0).toList());
    }

    private void table(List<Summary> summaries) {
        page.append(
                "<table>\n<tr><th>method</th><th>tokens/s</th><th>ratio</th><th>tokens a pass</th><th>acceptance</th><th>identical</th></tr>\n");
        for (Summary summary : summaries) {
            page.append("<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%d of %d</td></tr>\n"
                    .formatted(
                            Plot.escaped(summary.method()),
                            Plot.number(summary.tokensPerSecond()),
                            Plot.number(summary.ratio()),
                            Plot.number(summary.blockEfficiency()),
                            Plot.number(summary.speculation().acceptance()),
                            summary.identical(),
                            summary.prompts()));
        }
        page.append("</table>\n");
    }

    private void differences() {
        List<Run> different = report.runs().stream()
                .filter(run -> run.difference().isPresent())
                .toList();
        if (different.isEmpty()) {
            paragraph("Every text is that of plain decoding, token for token.");
            return;
        }
        title("Texts that differ from plain decoding");
        page.append("<ul>\n")
                .append(different.stream()
                        .map(MethodBenchHtml::difference)
                        .map(text -> "<li>" + Plot.escaped(text) + "</li>\n")
                        .collect(Collectors.joining()))
                .append("</ul>\n");
    }

    /** In words, where a reply leaves that of plain decoding. */
    public static String difference(Run run) {
        return run.difference()
                .map(difference -> "%s on %s %s: token %d is %d, plain decoding has %d"
                        .formatted(
                                run.method(),
                                run.task(),
                                run.prompt(),
                                difference.at() + 1,
                                difference.actual(),
                                difference.expected()))
                .orElse("");
    }
}
