package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.models.EmbeddedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands that do not chat, on the embedded models. */
class CommandsTest {
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
    void infoTellsWhatAModelHoldsAndNeeds() {
        JsonNode info = json("info", "--json", "--metadata", "--context", "100");

        assertThat(info.get("architecture").asString()).isEqualTo("llama");
        assertThat(info.get("parameters").asLong()).isEqualTo(31_990_272);
        assertThat(info.get("vocabulary").asInt()).isEqualTo(16_384);
        assertThat(info.get("chat_template").asBoolean()).isTrue();
        assertThat(info.get("tensor_types"))
                .extracting(type -> type.get("type").asString())
                .containsExactly("F32", "Q8_0");
        assertThat(info.get("metadata").get("general.architecture").asString()).isEqualTo("llama");
        JsonNode memory = info.get("memory");
        assertThat(memory.get("context").asInt()).isEqualTo(100);
        assertThat(memory.get("total_bytes").asLong())
                .isEqualTo(memory.get("weights_bytes").asLong()
                        + memory.get("kv_cache_bytes").asLong()
                        + memory.get("work_area_bytes").asLong());
    }

    @Test
    void theTypeOfTheKvCacheIsTheUsersChoice() {
        long half = kvCacheBytes("F16");

        assertThat(kvCacheBytes("F32")).isEqualTo(2 * half);
        assertThat(kvCacheBytes("bf16")).isEqualTo(half);
        assertThat(kvCacheBytes("Q8")).isBetween(half / 2, half - 1);
        assertThat(json("run", "--json", "-m", draft, "--kv-type", "q8", "-n", "3", "Hi")
                        .get("tokens"))
                .isNotEmpty();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void computeThreadsCanBePinned() {
        String[] greedy = {"run", "-m", draft, "--temperature", "0", "-n", "8", "Hi"};
        String free = text(greedy);

        assertThat(text(Stream.concat(Stream.of(greedy), Stream.of("--pin")).toArray(String[]::new)))
                .isEqualTo(free);
    }

    private long kvCacheBytes(String type) {
        return json("info", "--json", "-m", draft, "--kv-type", type)
                .get("memory")
                .get("kv_cache_bytes")
                .asLong();
    }

    @Test
    void infoPrintsWhatTheJsonHolds() {
        assertThat(text("info", draft)).contains("llama", "16,384", "Q8_0", "chat template    yes", "memory");
        assertThat(text("info", "--metadata")).contains("general.architecture = llama", "in all]");
    }

    @Test
    void tokenizeAndDecodeAreInverse() {
        String text = "int größte = 1; // 🙂";
        String ids = text("tokenize", text).strip();

        assertThat(ids).matches("\\d+( \\d+)*");
        assertThat(text("tokenize", "--decode", ids)).isEqualTo(text + "\n");
        assertThat(json("tokenize", "--json", text).get("text").asString()).isEqualTo(text);
        assertThat(shell.typing(text).run("tokenize", "-").out().strip()).isEqualTo(ids);
        assertThat(text("tokenize", "--pieces", text).lines()).hasSize(ids.split(" ").length);
    }

    @Test
    void specialTokensMatchOnlyWhenAskedTo() {
        assertThat(text("tokenize", "--special", "<|im_end|>").strip()).isEqualTo("2");
        assertThat(text("tokenize", "<|im_end|>").strip()).contains(" ");
    }

    @Test
    void quantizedModelsRun() {
        String out = folder.resolve("q4.gguf").toString();
        Shell.Result quantized = shell.run("quantize", draft, out, "--type", "q4_k_m");

        assertThat(quantized.status()).isZero();
        assertThat(quantized.out()).isEmpty();
        assertThat(quantized.err()).contains("wrote " + out);
        assertThat(Path.of(out)).isNotEmptyFile();
        assertThat(json("run", "--json", "-m", out, "-n", "3", "Hi").get("tokens"))
                .isNotEmpty();
    }

    @Test
    void perplexityFollowsItsProtocol() throws IOException {
        Path text = Files.writeString(
                folder.resolve("text.txt"), "public static void main(String[] args) { }\n".repeat(20));
        JsonNode full = json("perplexity", "--json", "-m", draft, "--file", text.toString(), "--window", "64");
        JsonNode half = json(
                "perplexity", "--json", "-m", draft, "--file", text.toString(), "--window", "64", "--protocol", "half");

        assertThat(full.get("perplexity").asDouble()).isBetween(1.0, 100.0);
        assertThat(full.get("tokens").asInt() % 63).isZero();
        assertThat(half.get("tokens").asInt()).isEqualTo(full.get("tokens").asInt() / 63 * 32);
        assertThat(text("perplexity", "-m", draft, "--file", text.toString(), "--window", "64"))
                .startsWith("perplexity ");
    }

    @Test
    void benchPrintsOneJsonObject() {
        JsonNode report = json(bench("--json"));

        assertThat(report.propertyNames())
                .containsExactly(
                        "machine",
                        "kernels",
                        "model",
                        "bandwidth_bytes_per_second",
                        "int8_operations_per_second",
                        "float_operations_per_second",
                        "peak",
                        "decode",
                        "rows",
                        "prompt",
                        "sequences");
        assertThat(report.get("peak").asString()).isIn("int8", "float");
        assertThat(report.get("decode").propertyNames())
                .containsExactly("tokens_per_second", "bandwidth_share", "peak_share", "allocated_bytes_per_token");
        assertThat(report.get("decode").get("allocated_bytes_per_token").asDouble())
                .isBetween(0.0, 1e6);
        assertThat(report.get("rows")).hasSize(2);
        assertThat(report.get("rows").get(0).propertyNames())
                .containsExactly(
                        "rows", "seconds_per_pass", "rows_per_second", "cost_ratio", "bandwidth_share", "peak_share");
        assertThat(report.get("rows").get(0).get("cost_ratio").asDouble()).isEqualTo(1);
        assertThat(report.get("prompt")).hasSize(2);
        assertThat(report.get("prompt").get(1).propertyNames())
                .containsExactly("tokens", "tokens_per_second", "bandwidth_share", "peak_share");
        assertThat(report.get("prompt").get(1).get("peak_share").asDouble()).isBetween(0.0, 1.0);
        assertThat(report.get("sequences")).hasSize(2);
        assertThat(report.get("sequences").get(1).propertyNames()).containsExactly("sequences", "tokens_per_second");
        assertThat(report.get("sequences").get(1).get("tokens_per_second").asDouble())
                .isPositive();
    }

    @Test
    void benchPrintsCsvOfOneShape() {
        String csv = text(bench("--csv"));

        assertThat(csv.lines())
                .allMatch(line -> line.chars().filter(c -> c == ',').count() == 7);
        assertThat(csv.lines().map(line -> line.replaceAll(",.*", "")).distinct())
                .contains("bandwidth", "float_peak", "decode", "rows", "prompt", "sequences");
    }

    @Test
    void benchPrintsForPeople() {
        assertThat(text(bench())).contains("rows 2", "prompt 16", "sequences 2", "% of the bandwidth", "a token");
    }

    private String[] bench(String... options) {
        return Stream.concat(
                        Stream.of(("bench -m " + draft + " --rows 2 --prompts 8,16 --sequences 1,2 --generate 3"
                                        + " --repeats 1")
                                .split(" ")),
                        Stream.of(options))
                .toArray(String[]::new);
    }

    @Test
    void anEmptyCacheIsNoError() {
        Shell.Result list = shell.run("list");

        assertThat(list.status()).isZero();
        assertThat(list.out()).isEmpty();
        assertThat(list.err()).contains("demotic pull");
        assertThat(json("list", "--json")).isEmpty();
    }

    @Test
    void helpAndVersionGoToStandardOutput() {
        assertThat(text("--version")).startsWith("demotic ").doesNotContain("unknown", "$");
        assertThat(text("help", "run")).isEqualTo(text("run", "--help")).contains("--mirostat-tau", "--prompt-file");
        assertThat(text()).contains("Usage: demotic", "perplexity");
    }

    private String text(String... arguments) {
        Shell.Result result = shell.run(arguments);
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        return result.out();
    }

    private JsonNode json(String... arguments) {
        String out = text(arguments);
        assertThat(out.lines()).hasSize(1);
        return new JsonMapper().readTree(out);
    }
}
