package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** On the embedded model. */
class RunCommandTest {
    @TempDir
    Path folder;

    private Shell shell;

    @BeforeEach
    void open() {
        shell = new Shell(folder);
    }

    @Test
    void streamsTheReplyToStandardOutputAndNothingElse() {
        Shell.Result result = shell.run("run", "--temperature", "0", "-n", "8", "Say hello.");

        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        assertThat(result.out()).isNotBlank().endsWith("\n").doesNotContain("\033", "\r");
    }

    @Test
    void printsOneJsonObject() {
        Shell.Result result =
                shell.run("run", "--json", "--logprobs", "2", "--temperature", "0", "-n", "5", "Say hello.");

        assertThat(result.err()).isEmpty();
        JsonNode json = new JsonMapper().readTree(result.out());
        assertThat(json.propertyNames())
                .containsExactly("text", "tokens", "finish_reason", "usage", "timings", "speculation", "logprobs");
        assertThat(json.get("tokens")).hasSize(5).allMatch(JsonNode::isIntegralNumber);
        assertThat(json.get("finish_reason").asString()).isEqualTo("length");
        assertThat(json.get("usage").get("completion_tokens").asInt()).isEqualTo(5);
        assertThat(json.get("usage").get("total_tokens").asInt())
                .isEqualTo(5 + json.get("usage").get("prompt_tokens").asInt());
        assertThat(json.get("logprobs")).hasSize(5);
        assertThat(json.get("logprobs").get(0).get("top")).hasSize(2);
        assertThat(json.get("logprobs").get(0).get("id").asInt())
                .isEqualTo(json.get("tokens").get(0).asInt());
    }

    @Test
    void leavesTheTemplateOutWhenAskedTo() {
        JsonNode raw = json("run", "--json", "--raw", "--temperature", "0", "-n", "2", "public class");
        JsonNode templated = json("run", "--json", "--temperature", "0", "-n", "2", "public class");

        assertThat(raw.get("usage").get("prompt_tokens").asInt()).isEqualTo(2);
        assertThat(templated.get("usage").get("prompt_tokens").asInt()).isGreaterThan(4);
    }

    @Test
    void aSystemMessageMakesThePromptLonger() {
        JsonNode without = json("run", "--json", "-n", "1", "Hi");
        JsonNode with = json("run", "--json", "-n", "1", "--system", "Be brief.", "Hi");

        assertThat(with.get("usage").get("prompt_tokens").asInt())
                .isGreaterThan(without.get("usage").get("prompt_tokens").asInt());
    }

    @Test
    void readsThePromptFromArgumentsFileAndStandardInputAlike() throws IOException {
        String prompt = "Erkläre Grüße 🙂";
        Path file = Files.writeString(folder.resolve("prompt.txt"), prompt);
        shell.typing(prompt);

        JsonNode expected = json("run", "--json", "--temperature", "0", "-n", "3", prompt);
        for (String[] source : new String[][] {{"--prompt-file", file.toString()}, {"--prompt-file", "-"}, {"-"}}) {
            String[] arguments = new String[6 + source.length];
            System.arraycopy(new String[] {"run", "--json", "--temperature", "0", "-n", "3"}, 0, arguments, 0, 6);
            System.arraycopy(source, 0, arguments, 6, source.length);
            JsonNode actual = json(arguments);
            assertThat(actual.get("tokens")).isEqualTo(expected.get("tokens"));
            assertThat(actual.get("usage")).isEqualTo(expected.get("usage"));
        }
    }

    @Test
    void aSeedIsAPromise() {
        String[] arguments = {"run", "--json", "--temperature", "1", "--seed", "7", "-n", "12", "Tell me a story."};

        assertThat(json(arguments).get("tokens")).isEqualTo(json(arguments).get("tokens"));
    }

    @Test
    void endsBeforeAStopString() {
        JsonNode whole = json("run", "--json", "--raw", "--temperature", "0", "-n", "12", "one two three");
        String text = whole.get("text").asString();
        String stop = text.substring(text.length() / 2, text.length() / 2 + 3);

        JsonNode stopped =
                json("run", "--json", "--raw", "--temperature", "0", "-n", "12", "--stop", stop, "one two three");

        assertThat(stopped.get("text").asString()).isEqualTo(text.substring(0, text.indexOf(stop)));
        assertThat(stopped.get("finish_reason").asString()).isEqualTo("stop");
    }

    @Test
    void aLogitBiasBansAToken() {
        int first = json("run", "--json", "--temperature", "0", "-n", "1", "Hi")
                .get("tokens")
                .get(0)
                .asInt();

        JsonNode biased =
                json("run", "--json", "--temperature", "0", "-n", "1", "--logit-bias", first + "=-Infinity", "Hi");

        assertThat(biased.get("tokens").get(0).asInt()).isNotEqualTo(first);
    }

    private JsonNode json(String... arguments) {
        Shell.Result result = shell.run(arguments);
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        return new JsonMapper().readTree(result.out());
    }
}
