package dev.demotic.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.runtime.format.GgufFile;
import dev.demotic.runtime.format.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Vocabularies of real models, in the folders that DEMOTIC_EVAL_DATA and DEMOTIC_ZOO name. */
class EvaluationVectorsTest {
    private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

    /** Each vocabulary in {@code tokenizers/*.gguf} with its texts ({@code .inp}) and the ids of each ({@code .out}). */
    @TestFactory
    Stream<DynamicTest> encodesLikeLlamaCpp() {
        Optional<Path> data = Fixtures.folder("DEMOTIC_EVAL_DATA");
        assumeTrue(data.isPresent(), "DEMOTIC_EVAL_DATA is not set");
        return files(data.get().resolve("tokenizers"), ".gguf")
                .filter(file -> Files.exists(Path.of(file + ".inp")))
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> encodes(file)));
    }

    private static void encodes(Path file) {
        Tokenizer tokenizer;
        try (ModelSource source = GgufFile.open(file)) {
            tokenizer = Tokenizers.of(source.metadata());
        }
        String[] texts = read(Path.of(file + ".inp")).split(SEPARATOR);
        List<String> lines = read(Path.of(file + ".out")).lines().toList();
        assertThat(texts).hasSameSizeAs(lines);
        for (int i = 0; i < texts.length; i++) {
            int[] ids = Arrays.stream(lines.get(i).strip().split(" "))
                    .filter(id -> !id.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(tokenizer.encode(texts[i])).as("<%s>", texts[i]).isEqualTo(ids);
            assertThat(tokenizer.decode(ids)).isEqualTo(texts[i]);
        }
    }

    /** The prompts behind the golden values of the zoo's models. */
    private static final Map<String, String> PROMPTS = Map.of(
            "docs", "# Configure a load balancer\n\nThis article shows you how to",
            "chat", """
                    <|im_start|>user
                    Write a Java method that returns the largest element of an int array.<|im_end|>
                    <|im_start|>assistant
                    """,
            "qa", """
                    <|im_start|>user
                    What is the capital of France?<|im_end|>
                    <|im_start|>assistant
                    """,
            "prose", "It was a dark and stormy night, and the old captain",
            "fim", """
                    <|fim_prefix|>int sum(int[] xs) {
                        int total = 0;
                    <|fim_suffix|>    return total;
                    }
                    <|fim_middle|>""");

    @Test
    void encodesTheZoosPrompts() {
        Optional<Path> zoo = Fixtures.folder("DEMOTIC_ZOO");
        assumeTrue(zoo.isPresent(), "DEMOTIC_ZOO is not set");
        Tokenizer tokenizer = Tokenizers.ofJson(read(zoo.get().resolve("tokenizer.json")));
        JsonNode golden = JsonMapper.shared()
                .readTree(read(zoo.get().resolve("check.json")))
                .get("golden");
        PROMPTS.forEach((name, prompt) -> {
            int[] ids = Fixtures.ints(golden.get("medium/" + name).get("ids"));
            assertThat(tokenizer.encodeWithSpecials(prompt)).as(name).isEqualTo(ids);
        });
        assertThat(tokenizer.size()).isEqualTo(16_384);
        assertThat(tokenizer.stopTokens()).containsExactlyInAnyOrder(0, 2);
    }

    private static Stream<Path> files(Path folder, String ending) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
