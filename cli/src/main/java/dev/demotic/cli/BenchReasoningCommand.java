package dev.demotic.cli;

import dev.demotic.bench.JudgeAblation;
import dev.demotic.bench.MethodBench.Contestant;
import dev.demotic.bench.ReasoningBench;
import dev.demotic.bench.ReasoningProblem;
import dev.demotic.bench.ReasoningReport;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.decoding.speculate.LikelihoodJudge;
import dev.demotic.decoding.speculate.SpecReason;
import dev.demotic.decoding.speculate.SpeculativeDecoding;
import dev.demotic.decoding.speculate.StepEnd;
import dev.demotic.decoding.speculate.StepJudge;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demotic bench reasoning}: what SpecReason's threshold trades for what. */
@Command(
        name = "reasoning",
        description = {
            "Measures SpecReason on problems that a number answers, at several thresholds, against the large model alone and with"
                    + " token-level speculation.",
            "Prints for each: problems solved, the mean log likelihood of a token under the large model (and that less the large"
                    + " model's own), tokens that it found likeliest, length, seconds over the large model's own, steps of the"
                    + " small model that were kept, tokens that it wrote, and the share of time that judging took. In brackets"
                    + " are 95 %% of bootstrap resamples of the problems."
        },
        footer = {
            "%nThe file has a problem a line, as GSM8K: {\"question\": \"...\", \"answer\": \"... #### 42\"}; a reply solves it if its"
                    + " last #### comes with the same number."
        })
final class BenchReasoningCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Mixin
    private DraftOption draft = new DraftOption();

    @Mixin
    private ReplyOptions replies = new ReplyOptions(200);

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            required = true,
            description = "The problems: JSON Lines with question and answer.")
    private Path file;

    @Option(
            names = "--problems",
            paramLabel = "N",
            defaultValue = "50",
            description = "Take the first N (default: ${DEFAULT-VALUE}).")
    private int most;

    @Option(
            names = "--thresholds",
            paramLabel = "T",
            split = ",",
            defaultValue = "0,5,6,7,8,10",
            description = "Scores from which a step is kept (default: ${DEFAULT-VALUE}).")
    private List<String> thresholds;

    @Option(
            names = "--judge",
            paramLabel = "NAME",
            defaultValue = "likelihood",
            description = "How steps are scored, as `demotic methods` lists it (default: ${DEFAULT-VALUE}).")
    private String judge;

    @Option(
            names = "--step",
            paramLabel = "NAME",
            defaultValue = "line",
            description = "What ends a step, likewise (default: ${DEFAULT-VALUE}).")
    private String step;

    @Option(
            names = "--draft-tokens",
            paramLabel = "N",
            defaultValue = "5",
            description = "Tokens that the small model drafts where the large one writes (default: ${DEFAULT-VALUE}).")
    private int draftTokens;

    @Option(
            names = "--ablations",
            description =
                    "Then have judges that must do worse keep as many steps: one that scores at random, one that scores"
                            + " upside down, and one that sees no context; by likelihood.")
    private boolean ablations;

    @Option(names = "--json", description = "Print each table as one JSON object, on a line.")
    private boolean json;

    BenchReasoningCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (most < 1 || replies.maxTokens() < 2) {
            throw new DemoticException("--problems must be at least 1 and --max-tokens at least 2");
        }
        Set<MethodCall> calls = new LinkedHashSet<>();
        if (draftTokens > 0) {
            calls.add(MethodCall.parse("draft:tokens=" + draftTokens));
        }
        thresholds.forEach(threshold -> calls.add(MethodCall.parse(
                "specreason:threshold=%s,judge=%s,step=%s,draft=%d".formatted(threshold, judge, step, draftTokens))));
        List<ReasoningProblem> all = ReasoningProblem.read(file);
        List<ReasoningProblem> problems = all.subList(0, Math.min(most, all.size()));
        Path smallPath = draft.path(console, engine.model())
                .orElseThrow(() -> new DemoticException("SpecReason needs a small model; name one with --draft"));
        ThreadShare share = draft.share(console, engine, MethodCall.parse("specreason"));
        try (LanguageModel large = engine.open(console, share);
                LanguageModel small = engine.openDraft(console, smallPath, share)) {
            List<Contestant> sweep = calls.stream()
                    .map(call -> new Contestant(
                            call.toString(),
                            call.method().isLossless(),
                            () -> call.decoding(large, Optional.of(small))))
                    .toList();
            ReasoningReport report = run(large, sweep, problems);
            print(report);
            if (ablations) {
                printWorse(worse(report, large, small, problems), large, problems);
            }
        }
        return 0;
    }

    private ReasoningReport run(LanguageModel large, List<Contestant> methods, List<ReasoningProblem> problems) {
        try (ProgressLine line = new ProgressLine(console, "solving", ProgressLine.Unit.ITEMS)) {
            return new ReasoningBench(replies.maxTokens(), replies.sampling())
                    .run(large, methods, problems, (done, total, what) -> {
                        line.title(what);
                        line.update(done, total);
                    });
        }
    }

    private void print(ReasoningReport report) {
        if (json) {
            console.println(report.json());
        } else {
            console.println("%d problems, %s".formatted(report.problems(), report.device()));
            report.table().forEach(console::println);
        }
    }

    private void printWorse(List<Contestant> worse, LanguageModel large, List<ReasoningProblem> problems) {
        if (worse.isEmpty()) {
            console.note("no threshold kept some steps and not all, so worse judges have nothing to be compared with");
        } else {
            print(run(large, worse, problems));
        }
    }

    /** For each threshold that keeps some steps and not all, every worse judge, at the threshold that keeps as many. */
    private List<Contestant> worse(
            ReasoningReport good, LanguageModel large, LanguageModel small, List<ReasoningProblem> problems) {
        List<Contestant> keepingAll = new ArrayList<>();
        for (JudgeAblation ablation : JudgeAblation.values()) {
            keepingAll.add(worse(ablation, name(ablation), 0, large, small));
        }
        ReasoningReport scored = run(large, keepingAll, problems);
        List<Contestant> worse = new ArrayList<>();
        for (ReasoningReport.Summary summary : good.summaries()) {
            double share = summary.steps().stepAcceptance();
            if (share > 0 && share < 1) {
                for (JudgeAblation ablation : JudgeAblation.values()) {
                    List<Double> scores = scored.summary(name(ablation)).steps().scores();
                    double threshold = JudgeAblation.threshold(scores, share);
                    String name = "%s, %.0f %% as %s".formatted(name(ablation), 100 * share, summary.method());
                    worse.add(worse(ablation, name, threshold, large, small));
                }
            }
        }
        return worse;
    }

    private Contestant worse(
            JudgeAblation ablation, String name, double threshold, LanguageModel large, LanguageModel small) {
        StepEnd end = step.equals("line") ? StepEnd.LINE : StepEnd.BLANK_LINE;
        SpecReason.Steps steps = new SpecReason.Steps(end, SpeculativeDecoding.MAX_NODES - 1, 0);
        StepJudge bad = ablation.judge(large, new LikelihoodJudge());
        return new Contestant(name, false, () -> SpecReason.of(small, large, bad, threshold, steps, draftTokens));
    }

    private static String name(JudgeAblation ablation) {
        return ablation.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
