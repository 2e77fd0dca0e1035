package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.models.EmbeddedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code demotic bench reasoning}, with the embedded models. */
class BenchReasoningCommandTest {
    @TempDir
    Path folder;

    private Shell shell;
    private Path problems = Path.of("");

    @BeforeEach
    void open() throws IOException {
        shell = new Shell(folder.resolve("cache"));
        problems = Files.writeString(folder.resolve("problems.jsonl"), """
                {"question": "Ann has 12 marbles and gives 5 to Ben. How many has she left?", "answer": "#### 7"}
                {"question": "A baker sells 8 loaves at $3 each. How much does he earn?", "answer": "#### 24"}
                """);
    }

    private Shell.Result bench(String... options) {
        List<String> words = new ArrayList<>(List.of("bench", "reasoning", "--file", problems.toString()));
        words.addAll(List.of(options));
        return shell.run(words.toArray(String[]::new));
    }

    @Test
    void printsATableOfThresholds() {
        Shell.Result result = bench("-n", "40", "--thresholds", "0,6,10,6");

        assertThat(result.status()).as(result.err()).isZero();
        List<String> lines = result.out().lines().toList();
        assertThat(lines.getFirst()).startsWith("2 problems, ");
        assertThat(lines.get(1)).contains("accuracy", "nats a token", "latency", "kept", "judge");
        assertThat(lines.get(2)).startsWith("plain ").contains("1.00 [1.00, 1.00]");
        assertThat(lines.get(3)).startsWith("draft:tokens=5 ");
        assertThat(lines.get(4)).startsWith("specreason:threshold=0,").contains("100 %");
        assertThat(lines).hasSize(7);
        assertThat(result.out()).doesNotContain("NaN");
    }

    @Test
    void saysWhenWorseJudgesHaveNothingToBeComparedWith() {
        Shell.Result result = bench("-n", "12", "--thresholds", "0", "--problems", "1", "--ablations");

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.err()).contains("no threshold kept some steps and not all");
    }

    @Test
    void printsJson() {
        Shell.Result result =
                bench("-n", "12", "--thresholds", "10", "--draft-tokens", "0", "--problems", "1", "--json");

        JsonNode report = new JsonMapper().readTree(result.out());
        assertThat(report.get("problems").asInt()).isEqualTo(1);
        JsonNode rewritten = report.get("summaries").get(1);
        assertThat(rewritten.get("method").asString()).contains("draft=0");
        assertThat(rewritten.get("log_likelihood_gain").asDouble()).isZero();
        assertThat(rewritten.get("small_tokens").asInt()).isZero();
    }

    @Test
    void refusesInOneSentence() throws IOException {
        for (String[] wrong : new String[][] {
            {"--file", folder.resolve("absent").toString()},
            {"--problems", "0"},
            {"--thresholds", "11"},
            {"--judge", "nobody"},
            {"--step", "word"},
            {"-m", EmbeddedModel.draftPath(folder).toString()},
        }) {
            Shell.Result result =
                    wrong[0].equals("--file") ? shell.run("bench", "reasoning", wrong[0], wrong[1]) : bench(wrong);
            assertThat(result.status()).isEqualTo(1);
            assertThat(result.err()).startsWith("demotic: ");
            assertThat(result.err().strip().lines()).hasSize(1);
        }
    }
}
