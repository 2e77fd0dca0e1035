package dev.demotic.bench;

import dev.demotic.bench.MethodBenchReport.Run;
import dev.demotic.bench.MethodBenchReport.Summary;
import dev.demotic.bench.Plot.Series;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import java.util.List;

/** A report of methods as one HTML page that needs nothing else. */
public final class MethodBenchHtml {
    private final MethodBenchReport report;
    private final HtmlPage page = new HtmlPage("Decoding methods");

    private MethodBenchHtml(MethodBenchReport report) {
        this.report = report;
    }

    /** The page. */
    public static String of(MethodBenchReport report) {
        return new MethodBenchHtml(report).page();
    }

    private String page() {
        Machine machine = report.machine();
        String drafts = report.drafts().isEmpty() ? "" : " with the draft of " + String.join(", ", report.drafts());
        page.paragraph("%s%s on %s, %d cores; %s; %s."
                .formatted(report.model(), drafts, machine.cpu(), machine.cores(), report.device(), machine.jvm()));
        page.paragraph(
                "Replies of up to %d tokens at temperature %s, all methods on a prompt before the next. Speed counts the tokens after the first."
                        .formatted(report.tokens(), report.temperature()));
        if (report.leftOut() > 0) {
            page.paragraph(report.leftOut() + " prompts were left out, since they do not fit the context.");
        }
        List<Summary> overall = report.overall();
        page.title("Speed over plain decoding, all tasks");
        page.plot(ratios(overall));
        table(overall);
        differences();

        page.title("Acceptance by depth: the chance that a drafted token comes true where it is reached");
        page.plot(acceptance(overall));
        page.title("Where the time goes after the prompt");
        page.plot(times(overall));
        for (String task : report.tasks()) {
            List<Summary> summaries = report.summaries().stream()
                    .filter(summary -> summary.task().equals(task))
                    .toList();
            page.title("Task: " + task);
            page.plot(ratios(summaries));
            table(summaries);
            if (!drafting(summaries).isEmpty()) {
                page.paragraph("Acceptance by depth, and where the time goes:");
                page.plot(acceptance(summaries));
                page.plot(times(summaries));
            }
        }
        return page.text();
    }

    private static String acceptance(List<Summary> summaries) {
        return Plot.lines(drafting(summaries).stream()
                .map(summary -> new Series(
                        summary.method(),
                        summary.speculation().depths().stream()
                                .limit(16)
                                .map(SpeculationStatistics.Depth::acceptance)
                                .toList()))
                .toList());
    }

    private static String times(List<Summary> summaries) {
        return Plot.bars(
                drafting(summaries).stream().map(MethodBenchHtml::shares).toList(),
                List.of("draft", "target", "sampling", "rest"),
                0);
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
        page.table(
                List.of("method", "tokens/s", "ratio", "tokens a pass", "acceptance", "identical"),
                summaries.stream()
                        .map(summary -> List.of(
                                summary.method(),
                                Plot.number(summary.tokensPerSecond()),
                                Plot.number(summary.ratio()),
                                Plot.number(summary.blockEfficiency()),
                                Plot.number(summary.speculation().acceptance()),
                                summary.identical() + " of " + summary.prompts()))
                        .toList());
    }

    private void differences() {
        List<Run> different = report.runs().stream()
                .filter(run -> run.difference().isPresent())
                .toList();
        if (different.isEmpty()) {
            page.paragraph("Every text is that of plain decoding, token for token.");
            return;
        }
        page.title("Texts that differ from plain decoding");
        page.list(different.stream().map(MethodBenchHtml::difference).toList());
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
