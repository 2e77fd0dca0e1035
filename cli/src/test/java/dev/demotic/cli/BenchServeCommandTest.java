package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.bench.FakeServer;
import dev.demotic.bench.FakeServer.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchServeCommandTest {
    @TempDir
    private Path folder;

    private Shell.Result bench(FakeServer server, String... options) {
        List<String> arguments = new ArrayList<>(List.of(
                "bench", "serve", "--url", server.url().toString(), "-n", "4", "-r", "6", "-o", folder.toString()));
        arguments.addAll(List.of(options));
        return new Shell(folder).run(arguments.toArray(String[]::new));
    }

    @Test
    void measuresRatesAndClients() throws IOException {
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM)) {
            Shell.Result result = bench(server, "--rates", "200,2x", "--clients", "2", "--json");

            assertThat(result.status()).as(result.err()).isZero();
            JsonNode report = new JsonMapper().readTree(result.out());
            assertThat(report.path("loads").findValuesAsString("model")).containsOnly("fake");
            assertThat(report.path("loads").findValuesAsString("replies")).containsExactly("6", "6", "6");
            assertThat(report.path("loads").path(1).path("rate").asDouble()).isEqualTo(200);
            assertThat(report.path("loads").path(2).path("rate").asDouble())
                    .isEqualTo(2 * report.path("capacity_per_second").asDouble());
            assertThat(folder).isDirectoryContaining("glob:**/report.{html,csv,json}");
        }
    }

    @Test
    void startsAServerToCompareMethods() throws IOException {
        Shell.Result result = new Shell(folder)
                .run(
                        "bench",
                        "serve",
                        "--method",
                        "plain",
                        "--method",
                        "auto",
                        "--clients",
                        "2",
                        "--rounds",
                        "2",
                        "--context",
                        "512",
                        "--parallel",
                        "2",
                        "-r",
                        "2",
                        "-n",
                        "4",
                        "-o",
                        folder.toString(),
                        "--json");

        assertThat(result.status()).as(result.err()).isZero();
        JsonNode loads = new JsonMapper().readTree(result.out()).path("loads");
        assertThat(loads.findValuesAsString("method")).containsExactly("plain", "auto");
        assertThat(loads.findValuesAsString("replies")).containsExactly("4", "4");
    }

    @Test
    void tellsOfFailures() throws IOException {
        // The first two requests warm up.
        try (FakeServer server = new FakeServer(n -> n == 3 ? Answer.REFUSE : Answer.STREAM)) {
            Shell.Result result = bench(server, "--clients", "1", "--target-first", "60");

            assertThat(result.status()).isEqualTo(1);
            assertThat(result.out()).contains("1 client").contains("first text p50/p99 ms");
            assertThat(result.err()).contains("1 client: 1 requests failed: HTTP 429");
        }
    }

    @Test
    void makesTheFolderOfTheReport() throws IOException {
        Path report = folder.resolve("new").resolve("report");
        try (FakeServer server = new FakeServer(_ -> Answer.STREAM)) {
            String url = server.url().toString();
            Shell.Result result = new Shell(folder)
                    .run(
                            "bench",
                            "serve",
                            "--url",
                            url,
                            "-n",
                            "4",
                            "-r",
                            "2",
                            "--clients",
                            "1",
                            "-o",
                            report.toString());

            assertThat(result.status()).as(result.err()).isZero();
        }
        assertThat(report.resolve("report.json")).exists();
    }

    @Test
    void refusesInOneSentence() {
        assertThat(refusal("--url", "nowhere")).contains("no address of a server");
        assertThat(refusal("--method", "fastest")).contains("fastest");
        assertThat(refusal("--url", "http://localhost:1", "--draft", "x")).contains("started here");
        assertThat(refusal("--url", "http://localhost:1", "--rates", "0.5y")).contains("not '0.5y'");
        assertThat(refusal("--url", "http://localhost:1", "--clients", "0")).contains("must be at least 1");
        assertThat(refusal("--url", "http://localhost:1", "--seconds", "0")).contains("above 0");
        assertThat(refusal("--url", "http://localhost:1")).contains("no server of OpenAI's API answers");
    }

    private String refusal(String... options) {
        List<String> arguments = new ArrayList<>(List.of("bench", "serve"));
        arguments.addAll(List.of(options));
        Shell.Result result = new Shell(folder).run(arguments.toArray(String[]::new));
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines()).hasSize(1);
        return result.err();
    }
}
