package dev.demotic.cli;

import dev.demotic.bench.LatencyTarget;
import dev.demotic.bench.Load;
import dev.demotic.bench.LoadRequest;
import dev.demotic.bench.LoadResult;
import dev.demotic.bench.Machine;
import dev.demotic.bench.ServeBench;
import dev.demotic.bench.ServeBenchHtml;
import dev.demotic.bench.ServeBenchReport;
import dev.demotic.bench.ServeBenchText;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
import dev.demotic.server.LogFormat;
import dev.demotic.server.Server;
import dev.demotic.server.ServerOptions;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demotic bench serve}: a server under load. */
@Command(
        name = "serve",
        description = {
            "Puts loads on servers of OpenAI's API, one after the other, and measures what their users would feel.",
            "Prints a table, and writes report.html, report.csv and report.json."
        },
        footer = {
            "%nAt a rate, requests arrive at random (Poisson) whatever the server does, and times count from when a request was"
                    + " due; clients send their next request when the last one is answered. Exit status 1 if a request failed."
        })
final class BenchServeCommand implements Callable<Integer> {
    private final Console console;

    @Option(
            names = "--url",
            paramLabel = "URL",
            description =
                    "A server, without /v1, such as http://localhost:8080; may be repeated, then they take turns (default: one"
                            + " that is started here, in this process).")
    private List<URI> urls = List.of();

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Mixin
    private DraftOption draft = new DraftOption();

    @Mixin
    private ReplyOptions replies = new ReplyOptions(128);

    @Mixin
    private ReportOptions output = new ReportOptions("bench-serve");

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "32",
            description = "Replies of full length that a server started here has room for (default: ${DEFAULT-VALUE}).")
    private int parallel;

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description = "Sent with each request (default: $DEMOTIC_API_KEY, if set).")
    private Optional<String> apiKey = Optional.empty();

    @Option(
            names = "--method",
            paramLabel = "NAME[:P=V,...]",
            description =
                    "The decoding method, for servers of Demotic; may be repeated, then they take turns (default: the"
                            + " server's).")
    private List<String> methods = List.of();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "1",
            description = "Repeat each load, with other prompts (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--rates",
            paramLabel = "R",
            split = ",",
            description =
                    "Loads of R requests a second, or with an x, as in 0.5x, of that share of the capacity, which is then"
                            + " measured first.")
    private List<String> rates = List.of();

    @Option(
            names = "--clients",
            paramLabel = "N",
            split = ",",
            description = "Loads of N clients (default: 1,8,32, if there are no --rates).")
    private List<Integer> clients = List.of();

    @Option(
            names = "--capacity-clients",
            paramLabel = "N",
            defaultValue = "32",
            description = "Clients whose replies a second are the capacity (default: ${DEFAULT-VALUE}).")
    private int capacityClients;

    @Option(
            names = {"-r", "--requests"},
            paramLabel = "N",
            defaultValue = "64",
            description = "Requests of each load (default: ${DEFAULT-VALUE}).")
    private int requests;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "Send nothing new after so many seconds of a load, even if requests are left.")
    private Optional<Double> seconds = Optional.empty();

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "Length of prompts, about (default: ${DEFAULT-VALUE}).")
    private int promptTokens;

    @Option(
            names = "--ignore-eos",
            description = "Ask that replies go on to that limit, of servers that know how (Demotic, llama.cpp, vLLM).")
    private boolean ignoreEos;

    @Option(
            names = "--target-first",
            paramLabel = "S",
            description = "Goodput counts replies whose first text comes within S seconds ...")
    private Optional<Double> targetFirst = Optional.empty();

    @Option(
            names = "--target-token",
            paramLabel = "S",
            description = "... and whose further tokens take S seconds each, on average ...")
    private Optional<Double> targetToken = Optional.empty();

    @Option(
            names = "--target-reply",
            paramLabel = "S",
            description = "... and which are complete within S seconds (default for all three: no limit).")
    private Optional<Double> targetReply = Optional.empty();

    @Option(
            names = "--timeout",
            paramLabel = "S",
            defaultValue = "300",
            description = "Give a reply up after S seconds (default: ${DEFAULT-VALUE}).")
    private double timeout;

    BenchServeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        check();
        ServeBenchReport report =
                urls.isEmpty() ? measureHere() : measure(urls, engine.model().name());
        output.put(
                console,
                ServeBenchHtml.of(report),
                ServeBenchText.csv(report),
                ServeBenchText.json(report),
                () -> print(report));
        report.results()
                .forEach(result -> result.errors()
                        .forEach((error, count) -> console.note(
                                "demotic: %s: %d requests failed: %s".formatted(report.label(result), count, error))));
        return report.results().stream().allMatch(result -> result.errors().isEmpty()) ? 0 : 1;
    }

    private void print(ServeBenchReport report) {
        report.capacity().ifPresent(capacity -> console.println("capacity %.2f replies/s".formatted(capacity)));
        ServeBenchText.table(report).forEach(console::println);
    }

    private void check() {
        for (URI url : urls) {
            if (!"http".equals(url.getScheme()) && !"https".equals(url.getScheme()) || url.getHost() == null) {
                throw new DemoticException(
                        "--url %s is no address of a server; give one like http://localhost:8080".formatted(url));
            }
        }
        if (urls.isEmpty()) {
            methods.forEach(MethodCall::parse);
        } else if (draft.isNamed()) {
            throw new DemoticException("--draft is for a server that is started here; leave out --url or --draft");
        }
        if (requests < 1
                || rounds < 1
                || promptTokens < 1
                || replies.maxTokens() < 1
                || parallel < 1
                || capacityClients < 1
                || clients.stream().anyMatch(count -> count < 1)) {
            throw new DemoticException("--requests, --rounds, --prompt-tokens, --max-tokens, --parallel, --clients and"
                    + " --capacity-clients must be at least 1");
        }
        if (!(timeout > 0) || seconds.filter(limit -> !(limit > 0)).isPresent()) {
            throw new DemoticException("--timeout and --seconds must be above 0");
        }
        rates.forEach(Rate::of);
    }

    private ServeBenchReport measureHere() {
        LogFormat.TEXT.installForProblems(console.err());
        try (ServedModels models =
                        ServedModels.open(console, engine, List.of(), draft, MethodCall.parse("auto"), parallel);
                Server server = Server.start(ServerOptions.forLoad(apiKey()), models.all())) {
            return measure(List.of(server.uri()), Optional.empty());
        }
    }

    private Optional<String> apiKey() {
        return apiKey.or(() -> Optional.ofNullable(console.environment().get("DEMOTIC_API_KEY")));
    }

    private ServeBenchReport measure(List<URI> servers, Optional<String> model) {
        List<ServeBench> benches = new ArrayList<>();
        try (ProgressLine line = new ProgressLine(console, "warming up", ProgressLine.Unit.ITEMS)) {
            ServeBench.Progress progress = (load, done, total) -> {
                line.title(load);
                line.update(done, total);
            };
            List<LoadRequest> contestants = servers.stream()
                    .flatMap(url -> contestants(url, model).stream())
                    .toList();
            contestants.forEach(request ->
                    benches.add(new ServeBench(request, requests, seconds.map(BenchServeCommand::duration))));
            benches.forEach(ServeBench::warmUp);
            List<Rate> arrivals = rates.stream().map(Rate::of).toList();
            OptionalDouble capacity = arrivals.stream().anyMatch(Rate::ofCapacity)
                    ? OptionalDouble.of(benches.getFirst()
                            .run(new Load.Closed(capacityClients), progress)
                            .repliesPerSecond())
                    : OptionalDouble.empty();
            List<LoadResult> results = new ArrayList<>();
            for (Load load : loads(arrivals, capacity)) {
                results.addAll(ServeBench.runAll(benches, load, rounds, progress));
            }
            return new ServeBenchReport(Machine.here(), contestants, target(), capacity, results);
        } finally {
            benches.forEach(ServeBench::close);
        }
    }

    /** What is asked of a server: the same once with each method. */
    private List<LoadRequest> contestants(URI url, Optional<String> model) {
        String name = model.orElseGet(() -> ServeBench.firstModel(url, apiKey()));
        List<Optional<String>> asked = methods.isEmpty()
                ? List.of(Optional.empty())
                : methods.stream().map(Optional::of).toList();
        return asked.stream()
                .map(method -> new LoadRequest(
                        url,
                        apiKey(),
                        name,
                        method,
                        methods.size() < 2,
                        promptTokens,
                        replies.maxTokens(),
                        ignoreEos,
                        replies.temperature(),
                        replies.seed(),
                        duration(timeout)))
                .toList();
    }

    private List<Load> loads(List<Rate> arrivals, OptionalDouble capacity) {
        List<Load> loads = new ArrayList<>();
        List<Integer> closed = clients.isEmpty() && rates.isEmpty() ? List.of(1, 8, 32) : clients;
        closed.forEach(count -> loads.add(new Load.Closed(count)));
        for (Rate rate : arrivals) {
            double absolute = rate.ofCapacity() ? rate.value() * capacity.orElseThrow() : rate.value();
            if (!(absolute > 0)) {
                throw new DemoticException(
                        "the server answered nothing when its capacity was measured; give absolute --rates");
            }
            loads.add(new Load.Open(absolute));
        }
        return loads;
    }

    private LatencyTarget target() {
        double none = Double.POSITIVE_INFINITY;
        return new LatencyTarget(targetFirst.orElse(none), targetToken.orElse(none), targetReply.orElse(none));
    }

    private static Duration duration(double seconds) {
        return Duration.ofNanos((long) (1e9 * seconds));
    }

    /**
     * A rate as users write it.
     *
     * @param value requests a second, or a share of the capacity
     */
    private record Rate(double value, boolean ofCapacity) {
        static Rate of(String text) {
            boolean share = text.endsWith("x");
            try {
                double value = Double.parseDouble(share ? text.substring(0, text.length() - 1) : text);
                if (value > 0 && value < 1e6) {
                    return new Rate(value, share);
                }
            } catch (NumberFormatException refused) {
                // said below
            }
            throw new DemoticException(
                    "--rates takes requests a second, or shares of the capacity with an x, such as 2.5 or 0.5x, but not '%s'"
                            .formatted(text));
        }
    }
}
