package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.bench.FakeServer.Answer;
import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ServeBenchTest {
    private static final ServeBench.Progress SILENT = (_, _, _) -> {};
    private static final LatencyTarget NO_TARGET =
            new LatencyTarget(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);

    private static LoadRequest request(URI url, Duration timeout) {
        return new LoadRequest(url, Optional.empty(), "fake", Optional.of("suffix"), true, 64, 5, false, 0, 3, timeout);
    }

    private static LoadRequest withMethod(LoadRequest request, String method) {
        return new LoadRequest(
                request.url(),
                request.apiKey(),
                request.model(),
                Optional.of(method),
                false,
                request.promptTokens(),
                request.maxTokens(),
                request.ignoreEos(),
                request.temperature(),
                request.seed(),
                request.timeout());
    }

    private static LoadResult run(FakeServer server, Load load, int requests) {
        try (ServeBench bench =
                new ServeBench(request(server.url(), Duration.ofSeconds(60)), requests, Optional.empty())) {
            return bench.run(load, SILENT);
        }
    }

    @Test
    void arrivalsHangOnTheSeedAlone() {
        double[] times = arrivals(50, 1);

        assertThat(times).isSorted().isEqualTo(arrivals(50, 1)).isNotEqualTo(arrivals(50, 2));
        assertThat(times[times.length - 1] / times.length).isCloseTo(1 / 50.0, within(0.001));
        double[] gaps = IntStream.range(1, times.length)
                .mapToDouble(i -> 50 * (times[i] - times[i - 1]))
                .toArray();
        // An exponential distribution: one in e gaps is longer than the mean.
        assertThat(DoubleStream.of(gaps).filter(gap -> gap > 1).count() / (double) gaps.length)
                .isCloseTo(1 / Math.E, within(0.02));
    }

    private static double[] arrivals(double rate, long seed) {
        Arrivals arrivals = new Arrivals(rate, seed);
        return DoubleStream.generate(arrivals::next).limit(5000).toArray();
    }

    @Test
    void percentilesAreValuesThatOccurred() {
        Percentiles hundred = Percentiles.of(IntStream.rangeClosed(1, 100).asDoubleStream());

        assertThat(hundred).isEqualTo(new Percentiles(50.5, 50, 90, 99, 100));
        assertThat(Percentiles.of(DoubleStream.of(7))).isEqualTo(new Percentiles(7, 7, 7, 7, 7));
        assertThat(Percentiles.of(DoubleStream.empty())).isEqualTo(new Percentiles(0, 0, 0, 0, 0));
    }

    @Test
    void openLoopSendsEveryRequestOnce() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM)) {
            LoadResult result = run(server, new Load.Open(400), 40);

            assertThat(result.replies()).isEqualTo(40);
            assertThat(result.samples())
                    .extracting(LoadSample::index)
                    .isEqualTo(IntStream.range(0, 40).boxed().toList());
            assertThat(result.samples()).allSatisfy(sample -> {
                assertThat(sample.tokens()).isEqualTo(5);
                assertThat(sample.gaps()).hasSize(4);
                assertThat(sample.firstSeconds()).isPositive().isLessThanOrEqualTo(sample.seconds());
            });
            assertThat(result.samples().stream().mapToDouble(LoadSample::dueSeconds))
                    .containsExactlyElementsOf(
                            DoubleStream.of(arrivals(400, 3)).limit(40).boxed().toList());
            JsonNode body = server.bodies().getFirst();
            assertThat(body.path("stream").asBoolean()).isTrue();
            assertThat(body.path("stream_options").path("include_usage").asBoolean())
                    .isTrue();
            assertThat(body.path("method").asString()).isEqualTo("suffix");
            assertThat(server.bodies())
                    .extracting(sent ->
                            sent.path("messages").path(0).path("content").asString())
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void closedLoopNeverHasMoreRequestsThanClients() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM)) {
            LoadResult result = run(server, new Load.Closed(3), 30);

            assertThat(result.replies()).isEqualTo(30);
            assertThat(server.bodies()).hasSize(30);
            assertThat(server.mostRunning()).isBetween(1, 3);
        }
    }

    @Test
    void contestantsGetTheSameRequestsInTurns() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM)) {
            LoadRequest first = withMethod(request(server.url(), Duration.ofSeconds(60)), "plain");
            LoadRequest second = withMethod(first, "auto");
            try (ServeBench one = new ServeBench(first, 3, Optional.empty());
                    ServeBench two = new ServeBench(second, 3, Optional.empty())) {
                List<LoadResult> results = ServeBench.runAll(List.of(one, two), new Load.Closed(1), 2, SILENT);

                assertThat(results).extracting(LoadResult::replies).containsExactly(6, 6);
                assertThat(results).extracting(LoadResult::request).containsExactly(first, second);
            }
            List<JsonNode> bodies = server.bodies();
            assertThat(bodies)
                    .extracting(body -> body.path("method").asString())
                    .isEqualTo(Stream.of("plain", "auto", "auto", "plain")
                            .flatMap(name -> Stream.of(name, name, name))
                            .toList());
            assertThat(bodies)
                    .allSatisfy(body -> assertThat(body.path("cache_prompt").asBoolean(true))
                            .isFalse());
            List<String> prompts = bodies.stream()
                    .map(body -> body.path("messages").path(0).path("content").asString())
                    .toList();
            assertThat(prompts.subList(0, 3)).isEqualTo(prompts.subList(3, 6));
            assertThat(prompts.subList(6, 9))
                    .isEqualTo(prompts.subList(9, 12))
                    .doesNotContainAnyElementsOf(prompts.subList(0, 6));
        }
    }

    @Test
    void failuresAreCountedAndGoodputLeavesThemOut() throws IOException {
        List<Answer> answers = List.of(Answer.STREAM, Answer.REFUSE, Answer.BREAK_OFF, Answer.REPORT_ERROR);
        try (FakeServer server = new FakeServer(n -> answers.get(n % 4))) {
            LoadResult result = run(server, new Load.Closed(1), 8);

            assertThat(result.replies()).isEqualTo(2);
            assertThat(result.errors().keySet())
                    .anyMatch(error -> error.equals("HTTP 429"))
                    .anyMatch(error -> error.contains("out of memory"))
                    .hasSize(3);
            assertThat(result.goodput(NO_TARGET)).isEqualTo(result.repliesPerSecond());
            assertThat(result.goodput(new LatencyTarget(0, 1, 1))).isZero();
        }
    }

    @Test
    void hangingRepliesAreGivenUp() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.HANG);
                ServeBench bench = new ServeBench(request(server.url(), Duration.ofMillis(300)), 2, Optional.empty())) {
            LoadResult result = bench.run(new Load.Closed(2), SILENT);

            assertThat(result.errors()).containsOnlyKeys("timed out");
        }
    }

    @Test
    void warmingUpFindsHowManyWordsAPromptNeeds() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM);
                ServeBench bench = new ServeBench(request(server.url(), Duration.ofSeconds(60)), 4, Optional.empty())) {
            bench.warmUp();
            LoadResult result = bench.run(new Load.Closed(1), SILENT);

            assertThat(result.meanPromptTokens()).isEqualTo(64);
        }
    }

    @Test
    void withoutAServerItSaysSo() throws IOException {
        URI gone;
        try (FakeServer server = new FakeServer(_ -> Answer.REFUSE)) {
            gone = server.url();
            assertThat(ServeBench.firstModel(gone, Optional.of("key"))).isEqualTo("fake");
            try (ServeBench bench = new ServeBench(request(gone, Duration.ofSeconds(60)), 1, Optional.empty())) {
                assertThatThrownBy(bench::warmUp)
                        .isInstanceOf(DemoticException.class)
                        .hasMessageContaining("HTTP 429");
            }
        }
        assertThatThrownBy(() -> ServeBench.firstModel(gone, Optional.empty()))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("no server");
    }

    @Test
    void reportsSayTheSameInEveryForm() {
        LoadSample good = new LoadSample(0, 0, 0.1, 0.5, 60, 5, new double[] {0.1, 0.1, 0.1, 0.1}, Optional.empty());
        LoadSample slow = new LoadSample(1, 1, 0.3, 1.1, 64, 5, new double[] {0.2, 0.2, 0.2, 0.2}, Optional.empty());
        LoadSample bad = new LoadSample(2, 1, 0.3, 0.3, 0, 0, new double[0], Optional.of("HTTP <429>"));
        LoadRequest request = request(URI.create("http://localhost:1"), Duration.ofSeconds(1));
        LoadRequest other = withMethod(request, "draft:tokens=4");
        List<LoadResult> results = List.of(
                new LoadResult(request, new Load.Open(1.5), List.of(good, slow, bad), 2),
                new LoadResult(request, new Load.Closed(4), List.of(good), 0.5));
        ServeBenchReport report = new ServeBenchReport(
                Machine.here(),
                List.of(request),
                new LatencyTarget(0.2, Double.POSITIVE_INFINITY, 1),
                OptionalDouble.of(3),
                results);

        JsonNode json = new JsonMapper().readTree(ServeBenchText.json(report));
        JsonNode open = json.path("loads").path(0);
        assertThat(open.path("goodput_per_second").asDouble()).isEqualTo(0.5);
        assertThat(open.path("replies_per_second").asDouble()).isEqualTo(1);
        assertThat(open.path("tokens_per_second").asDouble()).isEqualTo(5);
        assertThat(open.path("first_seconds").path("p99").asDouble()).isEqualTo(0.3);
        assertThat(open.path("errors").path("HTTP <429>").asInt()).isEqualTo(1);
        assertThat(json.path("target").has("token_seconds")).isFalse();
        assertThat(json.path("loads").path(1).path("clients").asInt()).isEqualTo(4);

        List<String> csv = ServeBenchText.csv(report).lines().toList();
        assertThat(csv).hasSize(3);
        assertThat(csv.get(1)).startsWith("1.50/s,http://localhost:1,\"suffix\",3,2,1.000000,0.500000,5.000000,");
        assertThat(csv).allSatisfy(line -> assertThat(line.split(",")).hasSize(21));

        assertThat(String.join("\n", ServeBenchText.table(report)))
                .contains("1.50/s", "4 clients", "100.0 / 300.0", "500.0 / 1100.0");
        assertThat(ServeBenchHtml.of(report))
                .contains("<svg", "HTTP &lt;429&gt;", "4 clients", "suffix", "by clients", "by rate")
                .doesNotContain("<429>", "NaN", "Infinity");
        ServeBenchReport comparison = new ServeBenchReport(
                report.machine(),
                List.of(request, other),
                report.target(),
                OptionalDouble.empty(),
                List.of(results.getLast(), new LoadResult(other, new Load.Closed(4), List.of(good, slow), 2)));
        assertThat(String.join("\n", ServeBenchText.table(comparison)))
                .contains("4 clients, suffix", "4 clients, draft:tokens=4");
        assertThat(ServeBenchHtml.of(comparison)).contains(">draft:tokens=4</text>", "4 clients, suffix");

        assertThat(Stream.of(good, slow, bad).filter(report.target()::isMet)).containsExactly(good);
    }
}
