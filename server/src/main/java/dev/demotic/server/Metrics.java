package dev.demotic.server;

import dev.demotic.decoding.Reply;
import dev.demotic.decoding.speculate.SpeculationReport;
import dev.demotic.runtime.LanguageModel;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/** What the server has done, for Prometheus. */
final class Metrics implements Endpoint {
    private static final String MODEL = "model";
    /** Borders of the histograms: 1 ms to 2 min, each about twice the one before. */
    private static final Duration[] BORDERS = java.util.stream.IntStream.of(
                    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000)
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<String, Timer> firstToken = new ConcurrentHashMap<>();
    private final Map<String, Timer> betweenTexts = new ConcurrentHashMap<>();

    Metrics() {
        if (ProcessMemory.isKnown()) {
            Gauge.builder("demotic.resident", ProcessMemory::resident)
                    .baseUnit("bytes")
                    .register(registry);
        }
    }

    /** Has a model's gauges shown. */
    void show(ServedModel served, Admission admission) {
        LanguageModel model = served.model();
        String name = served.name();
        gauge("demotic.replies.running", name, admission, Admission::running);
        gauge("demotic.requests.waiting", name, admission, Admission::waiting);
        gauge("demotic.kv.blocks.used", name, model, each -> each.kvUse().used());
        gauge("demotic.kv.blocks.reserved", name, model, each -> each.kvUse().reserved());
        gauge("demotic.kv.blocks", name, model, each -> each.kvUse().capacity());
        count("demotic.steps", name, model, each -> each.statistics().steps());
        count("demotic.step.rows", name, model, each -> each.statistics().rows());
    }

    private <T> void gauge(String name, String model, T source, ToDoubleFunction<T> value) {
        Gauge.builder(name, source, value).tag(MODEL, model).register(registry);
    }

    private <T> void count(String name, String model, T source, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, source, value).tag(MODEL, model).register(registry);
    }

    /** A request was answered. */
    void answered(String path, int status, long nanos) {
        Timer.builder("demotic.requests")
                .tag("path", path)
                .tag("status", String.valueOf(status))
                .serviceLevelObjectives(BORDERS)
                .register(registry)
                .record(Duration.ofNanos(nanos));
    }

    /** A reply is complete. */
    void replied(ServedModel model, Reply reply) {
        Reply.Usage usage = reply.usage();
        add("demotic.prompt.tokens", model, usage.promptTokens());
        add("demotic.prompt.tokens.cached", model, usage.cachedTokens());
        add("demotic.generated.tokens", model, usage.completionTokens());
        reply.report(SpeculationReport.class).ifPresent(report -> {
            add("demotic.draft.tokens", model, report.statistics().drafted());
            add("demotic.draft.tokens.accepted", model, report.statistics().accepted());
            add("demotic.draft.rounds", model, report.statistics().rounds());
        });
    }

    private void add(String name, ServedModel model, long count) {
        registry.counter(name, MODEL, model.name()).increment((double) count);
    }

    /** The first text of a reply, so long after the request came. */
    void firstText(ServedModel model, long nanos) {
        timer(firstToken, "demotic.time.to.first.token", model).record(Duration.ofNanos(nanos));
    }

    /** Further text of a reply, so long after the one before. */
    void nextText(ServedModel model, long nanos) {
        timer(betweenTexts, "demotic.inter.token", model).record(Duration.ofNanos(nanos));
    }

    private Timer timer(Map<String, Timer> timers, String name, ServedModel model) {
        return timers.computeIfAbsent(
                model.name(),
                tag -> Timer.builder(name)
                        .tag(MODEL, tag)
                        .serviceLevelObjectives(BORDERS)
                        .register(registry));
    }

    @Override
    public void handle(Exchange exchange) {
        exchange.send(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                registry.scrape().getBytes(StandardCharsets.UTF_8));
    }
}
