package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.method.Method;
import dev.demotic.decoding.method.Methods;
import dev.demotic.models.EmbeddedModel;
import dev.demotic.runtime.backend.cpu.PhysicalCores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Methods on the command line, with the embedded models. */
class MethodCommandsTest {
    @TempDir
    Path folder;

    private Shell shell;
    private String draft = "";

    @BeforeEach
    void open() throws IOException {
        shell = new Shell(folder.resolve("cache"));
        draft = EmbeddedModel.draftPath(folder).toString();
    }

    @Test
    void methodsListsAllOfThem() {
        Shell.Result text = shell.run("methods");
        JsonNode json = new JsonMapper().readTree(shell.run("methods", "--json").out());

        assertThat(text.err()).isEmpty();
        assertThat(json).hasSize(Methods.all().size());
        for (Method method : Methods.all()) {
            assertThat(text.out()).contains(method.name(), method.summary(), method.source());
        }
        assertThat(json.get(0).propertyNames())
                .containsExactly("name", "summary", "source", "lossless", "draft", "parameters");
        assertThat(text.out()).contains("lossless; needs --draft", "lossy; needs --draft", "tokens=5");
    }

    @Test
    void everyLosslessMethodGivesThePlainText() {
        JsonNode plain = json("plain");

        assertThat(plain.has("speculation")).isFalse();
        for (String method : new String[] {"auto", "draft:tokens=3", "lookup", "dynamic:width=2,nodes=6", "pearl"}) {
            JsonNode reply = json(method);
            assertThat(reply.get("tokens")).as(method).isEqualTo(plain.get("tokens"));
            assertThat(reply.get("speculation").get("block_efficiency").asDouble())
                    .isGreaterThanOrEqualTo(1);
        }
    }

    private JsonNode json(String method) {
        Shell.Result result = shell.run(
                "run", "--json", "--temperature", "0", "-n", "24", "--method", method, "Write a for loop in Java.");
        assertThat(result.err()).isEmpty();
        return new JsonMapper().readTree(result.out());
    }

    @Test
    void aDraftModelMayBeNamed() {
        Shell.Result result =
                shell.run("run", "--temperature", "0", "-n", "8", "-m", draft, "--draft", draft, "--explain", "Hi");

        assertThat(result.status()).isZero();
        assertThat(result.err()).contains("auto: ", " rounds", "because a step takes");
        assertThat(result.out()).isNotBlank();
    }

    @Test
    void pearlTellsItsSchedule() {
        Shell.Result result = shell.run(
                "run", "--temperature", "0", "-n", "24", "--method", "pearl:tokens=3", "--explain", "Write a loop.");

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.err()).contains("pearl: both models computed ", "pearl: step ", "-verify: target ");
        if (PhysicalCores.count() > 1) {
            assertThat(result.err()).doesNotContain("took turns");
        }
    }

    @Test
    void plainDecodingHasNothingToExplain() {
        assertThat(shell.run("run", "--method", "plain", "--explain", "-n", "2", "Hi")
                        .err())
                .isEqualTo("plain: it has no choices to explain\n");
    }

    @Test
    void draftsAreShownInBrackets() {
        String[] run = {"run", "--temperature", "0", "-n", "24", "--method", "draft", "Write a for loop in Java."};
        String[] show = java.util.Arrays.copyOf(run, run.length + 1);
        show[run.length] = "--show-drafts";

        Shell.Result shown = shell.run(show);

        assertThat(shown.err()).contains("{+accepted}, {-rejected}");
        assertThat(shown.out()).contains("{+", "{-").doesNotContain("\033");
        String text = shown.out().replaceAll("\\{-[^}]*\\}", "").replaceAll("\\{\\+", "");
        assertThat(text.replace("}", "")).isEqualTo(shell.run(run).out().replace("}", ""));
    }

    /** Tokens of half a character are shown once the rest is there. */
    @Test
    void draftsShowWholeCharacters() {
        String[] run = {"run", "--raw", "--temperature", "0", "-n", "40", "--method", "lookup", "🎉🦉🎉🦉🎉🦉🎉🦉🎉🦉"};
        String[] show = java.util.Arrays.copyOf(run, run.length + 1);
        show[run.length] = "--show-drafts";

        String shown = shell.run(show).out().replaceAll("\\{-[^}]*\\}", "").replaceAll("\\{\\+", "");

        assertThat(shown.replace("}", "")).isEqualTo(shell.run(run).out().replace("}", ""));
    }

    @Test
    void chatExplainsEachReply() {
        Shell.Result result = shell.typing("Hi\nHello\n")
                .run("chat", "--temperature", "0", "-n", "6", "--method", "auto", "--explain");

        assertThat(result.err().lines().filter(line -> line.contains("because a step takes")))
                .hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--method plain --draft x.gguf | method plain has no use for a draft model",
                "--method nonsense | there is no method 'nonsense'",
                "--method draft:tokens=x | 'x' is no value for tokens",
                "--method plain --show-drafts | --method plain has none",
                "--show-drafts --json | give one of them",
                "--draft absent.gguf | absent.gguf",
                "--method lookup --draft-threads 1 | there is none to use",
                "--method pearl --threads 2 --draft-threads 2 | must leave each model at least one of 2 threads"
            })
    void contradictionsAreRefusedInOneSentence(String options, String part) {
        String[] words = ("run " + options + " Hi").split(" ");
        Shell.Result result = shell.run(words);

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("demotic: ").contains(part);
        assertThat(result.err().strip().lines()).hasSize(1);
    }

    @Test
    void aMethodThatNeedsADraftSaysSo() {
        Shell.Result result = shell.run("run", "-m", draft, "--method", "draft", "Hi");

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).contains("method draft needs a draft model; name one with --draft");
    }

    @Test
    void benchMethodsWritesItsReport() throws IOException {
        Path data = Files.writeString(
                folder.resolve("two.jsonl"),
                "{\"task\": \"code\", \"prompt\": \"for (int i = 0; i < n; i++) {\"}\n{\"task\": \"talk\", \"question\": \"Hi?\"}\n");
        Path out = folder.resolve("report");
        Shell.Result result = shell.run(
                "bench",
                "methods",
                "--data",
                data.toString(),
                "-n",
                "12",
                "--out",
                out.toString(),
                "--method",
                "auto",
                "--method",
                "draft:tokens=3",
                "--method",
                "typical",
                "--method",
                "pearl",
                "--threads",
                "2");

        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.out())
                .contains(
                        "code, 1 prompts",
                        "talk, 1 prompts",
                        "all, 2 prompts",
                        "draft:tokens=3",
                        "pearl (1 + 1 threads)");
        assertThat(result.err()).contains("wrote ");
        JsonNode json = new JsonMapper().readTree(Files.readString(out.resolve("report.json")));
        assertThat(json.get("drafts").get(0).asString()).isEqualTo("draft");
        assertThat(json.get("runs")).hasSize(10);
        assertThat(json.get("summaries")).hasSize(15);
        for (JsonNode summary : json.get("summaries")) {
            assertThat(summary.get("identical").asInt())
                    .isEqualTo(summary.get("prompts").asInt());
            assertThat(summary.get("tokens_per_second").asDouble()).isPositive();
        }
        assertThat(Files.readAllLines(out.resolve("report.csv")))
                .hasSize(16)
                .allMatch(line -> line.chars().filter(c -> c == ',').count() == 11);
        assertThat(Files.readString(out.resolve("report.html")))
                .contains(
                        "<svg",
                        "Acceptance by depth",
                        "Task: talk",
                        "Acceptance by depth, and where the time goes:",
                        "Every text is that of plain decoding")
                .endsWith("</html>\n")
                .doesNotContain("NaN");
    }

    @Test
    void benchMethodsRefusesInOneSentence() {
        for (String[] wrong : new String[][] {
            {"--data", folder.resolve("absent").toString()},
            {"--method", "draft", "-m", draft},
            {"--method", "nonsense"},
            {"--per-task", "0"},
            {"--method", "lookup", "--draft", draft},
            {"--method", "draft", "--draft-threads", "1"},
            {"--out", "/proc/nothing"},
            {"-n", "5000"},
            {"--peer", "localhost"},
            {"--peer", "x=http://localhost", "--temperature", "1"}
        }) {
            String[] words = new String[wrong.length + 2];
            words[0] = "bench";
            words[1] = "methods";
            System.arraycopy(wrong, 0, words, 2, wrong.length);
            Shell.Result result = shell.run(words);
            assertThat(result.status()).isEqualTo(1);
            assertThat(result.err()).startsWith("demotic: ");
            assertThat(result.err().strip().lines()).hasSize(1);
        }
    }
}
