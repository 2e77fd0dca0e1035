package dev.demotic.cli;

import dev.demotic.bench.BenchPrompt;
import dev.demotic.bench.MethodBench;
import dev.demotic.bench.MethodBench.Contestant;
import dev.demotic.bench.MethodBenchHtml;
import dev.demotic.bench.MethodBenchReport;
import dev.demotic.bench.MethodBenchReport.Summary;
import dev.demotic.bench.MethodBenchText;
import dev.demotic.bench.PeerServer;
import dev.demotic.bench.PromptSet;
import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demotic bench methods}: decoding methods against plain decoding. */
@Command(
        name = "methods",
        description = {
            "Measures decoding methods against plain decoding: speed, tokens a pass, acceptance, and whether the text is the same.",
            "Prints a table, and writes report.html, report.csv and report.json."
        },
        footer = {"%nExit status 1 if a lossless method changes a text at temperature 0."})
final class BenchMethodsCommand implements Callable<Integer> {
    private static final List<String> USUAL = List.of("auto", "suffix", "lookup", "recycling");
    private static final List<String> USUAL_WITH_DRAFT = List.of("draft", "dynamic", "suffix-draft");

    private final Console console;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Mixin
    private ReplyOptions replies = new ReplyOptions(128);

    @Mixin
    private ReportOptions output = new ReportOptions("bench-methods");

    @Option(
            names = "--method",
            paramLabel = "NAME[:P=V,...]",
            description = "A method to measure; may be repeated (default: the usual ones).")
    private List<String> methods = List.of();

    @Option(
            names = "--draft",
            paramLabel = "MODEL",
            description =
                    "A draft model; may be repeated, then methods run with each (default for the model that comes with"
                            + " Demotic: its own draft; else none).")
    private List<String> drafts = List.of();

    @Option(
            names = "--draft-threads",
            paramLabel = "N",
            description =
                    "How many of the threads only the draft model has with methods that have both models compute at once"
                            + " (default: one in four, at least one); with the others they take turns on all.")
    private Optional<Integer> draftThreads = Optional.empty();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description =
                    "Prompts: JSON Lines as of Spec-Bench or HumanEval, text files, or folders of them; may be repeated"
                            + " (default: prompts that come with Demotic).")
    private List<Path> data = List.of();

    @Option(
            names = "--per-task",
            paramLabel = "N",
            defaultValue = "4",
            description = "Prompts of each task (default: ${DEFAULT-VALUE}).")
    private int perTask;

    @Option(
            names = "--ignore-eos",
            description = "Go on where the model would end a reply, so that all have the same length.")
    private boolean ignoreEos;

    @Option(
            names = "--peer",
            paramLabel = "NAME=URL",
            description =
                    "A server of llama.cpp's API that runs the same model, to measure beside the methods, by its own clock;"
                            + " may be repeated.")
    private List<String> peers = List.of();

    BenchMethodsCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (perTask < 1 || replies.maxTokens() < 2) {
            throw new DemoticException("--per-task must be at least 1 and --max-tokens at least 2");
        }
        if (!peers.isEmpty() && replies.temperature() > 0) {
            throw new DemoticException("--peer measures greedy decoding; leave out --temperature");
        }
        List<PeerServer> servers = peers.stream().map(PeerServer::parse).toList();
        Map<String, Path> draftPaths = draftPaths();
        List<MethodCall> calls = calls(!draftPaths.isEmpty());
        output.prepare();
        Map<ThreadShare, BenchedModels> opened = new LinkedHashMap<>();
        MethodBenchReport report;
        try {
            LanguageModel target = models(opened, ThreadShare.turns(engine.threads()), draftPaths)
                    .target();
            List<BenchPrompt> prompts = PromptSet.sample(prompts(target), perTask);
            List<Contestant> contestants = new ArrayList<>();
            for (MethodCall call : calls) {
                contestants.addAll(models(opened, share(call), draftPaths).contestants(call));
            }
            try (ProgressLine line = new ProgressLine(console, "measuring", ProgressLine.Unit.ITEMS)) {
                report = new MethodBench(replies.maxTokens(), replies.sampling(), ignoreEos)
                        .run(
                                target,
                                List.copyOf(draftPaths.keySet()),
                                contestants,
                                servers,
                                prompts,
                                (done, total, what) -> {
                                    line.title(what);
                                    line.update(done, total);
                                });
            }
        } finally {
            opened.values().forEach(BenchedModels::close);
        }
        output.put(
                console,
                MethodBenchHtml.of(report),
                MethodBenchText.csv(report),
                MethodBenchText.json(report),
                () -> print(report));
        if (report.leftOut() > 0) {
            console.note("%d prompts are left out, since they leave no room for %d tokens in the context"
                    .formatted(report.leftOut(), report.tokens()));
        }
        report.firstBroken()
                .ifPresent(run ->
                        console.note("demotic: a lossless method changed a text: " + MethodBenchHtml.difference(run)));
        return report.firstBroken().isPresent() ? 1 : 0;
    }

    private Map<String, Path> draftPaths() {
        Map<String, Path> paths = new LinkedHashMap<>();
        for (String name : drafts) {
            Path path = engine.model().locate(console, name);
            String called = String.valueOf(path.getFileName()).replaceAll("\\.gguf$", "");
            if (paths.put(called, path) != null) {
                throw new DemoticException(
                        "two draft models are called %s, so the report could not tell them apart; name files of different names"
                                .formatted(called));
            }
        }
        if (paths.isEmpty()) {
            engine.model().embeddedDraft(console).ifPresent(path -> paths.put("draft", path));
        }
        return paths;
    }

    private List<MethodCall> calls(boolean hasDraft) {
        List<String> names = new ArrayList<>(methods.isEmpty() ? USUAL : methods);
        if (methods.isEmpty() && hasDraft) {
            names.addAll(USUAL_WITH_DRAFT);
        }
        List<MethodCall> calls =
                names.stream().map(MethodCall::parse).distinct().toList();
        for (MethodCall call : calls) {
            if (call.method().draft().isRequired()) {
                call.requireDraft(hasDraft);
            }
        }
        requireUse("--draft", !drafts.isEmpty(), calls, use -> use != DraftUse.NONE);
        requireUse("--draft-threads", draftThreads.isPresent(), calls, use -> use == DraftUse.AT_ONCE);
        return calls.stream().filter(call -> !call.toString().equals("plain")).toList();
    }

    private static void requireUse(String option, boolean isGiven, List<MethodCall> calls, Predicate<DraftUse> uses) {
        if (isGiven && calls.stream().noneMatch(call -> uses.test(call.method().draft()))) {
            throw new DemoticException(
                    "none of the methods has a use for %s; leave it out, or add one that has, as `demotic methods` lists them"
                            .formatted(option));
        }
    }

    /** How a method has both models share the threads. */
    private ThreadShare share(MethodCall call) {
        return call.method().draft() == DraftUse.AT_ONCE
                ? ThreadShare.of(engine.threads(), draftThreads, call)
                : ThreadShare.turns(engine.threads());
    }

    /** The models with such a share, which are opened if need be. */
    private BenchedModels models(Map<ThreadShare, BenchedModels> opened, ThreadShare share, Map<String, Path> drafts) {
        return opened.computeIfAbsent(share, _ -> BenchedModels.open(console, engine, share, drafts));
    }

    private List<BenchPrompt> prompts(LanguageModel target) {
        if (data.isEmpty()) {
            return PromptSet.builtIn();
        }
        return data.stream()
                .flatMap(path -> PromptSet.of(path, target.tokenizer()).stream())
                .toList();
    }

    private void print(MethodBenchReport report) {
        int width = report.methods().stream().mapToInt(String::length).max().orElse(0);
        String task = "";
        for (Summary summary : report.summaries()) {
            if (!summary.task().equals(task)) {
                String gap = task.isEmpty() ? "" : "\n";
                task = summary.task();
                console.println("%s%s, %d prompts".formatted(gap, task, summary.prompts()));
            }
            console.println(("  %-" + width + "s  %8.1f tokens/s  %5.2f x plain  %5.2f tokens a pass  %d identical")
                    .formatted(
                            summary.method(),
                            summary.tokensPerSecond(),
                            summary.ratio(),
                            summary.blockEfficiency(),
                            summary.identical()));
        }
    }
}
