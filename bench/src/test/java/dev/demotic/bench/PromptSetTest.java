package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.runtime.tokenizer.Tokenizer;
import dev.demotic.runtime.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptSetTest {
    private static Tokenizer tokenizer;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        Path model = Path.of("../models/src/main/resources/dev/demotic/models/demotic-small-q8_0.gguf");
        try (ModelSource source = ModelSources.open(model)) {
            tokenizer = Tokenizers.of(source.metadata());
        }
    }

    @Test
    void builtInPromptsCoverTheirTasks() {
        List<BenchPrompt> prompts = PromptSet.builtIn();
        assertThat(prompts).hasSize(30).extracting(BenchPrompt::id).doesNotHaveDuplicates();
        assertThat(prompts).extracting(BenchPrompt::task).contains("code", "docs", "instruct", "copy");
        assertThat(PromptSet.sample(prompts, 2)).hasSize(8);
    }

    @Test
    void readsWhatEvaluationSetsLookLike() throws IOException {
        write(
                "spec/questions.jsonl",
                "{\"question_id\": 81, \"category\": \"writing\", \"turns\": [\"Compose.\", \"Again.\"]}\n\n");
        write("spec/LICENSE", "Do as you like.");
        write("gsm/test.jsonl", "{\"question\": \"1 + 1?\", \"answer\": \"2\"}\n{\"instruction\": \"Add.\"}\n");
        Path packed = folder.resolve("human/HumanEval.jsonl.gz");
        Files.createDirectories(packed.getParent());
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write("{\"task_id\": \"HumanEval/0\", \"prompt\": \"def f():\"}\n".getBytes(StandardCharsets.UTF_8));
        }
        write("java/Main.java", "class Main {}\n".repeat(100));
        Files.write(folder.resolve("java/Main.class"), new byte[] {(byte) 0xca, (byte) 0xfe, 0, 1});

        List<BenchPrompt> prompts = PromptSet.of(folder, tokenizer);

        assertThat(prompts)
                .contains(
                        new BenchPrompt("writing", "81", "Compose.", true),
                        new BenchPrompt("gsm", "1", "1 + 1?", true),
                        new BenchPrompt("gsm", "2", "Add.", true),
                        new BenchPrompt("human", "HumanEval/0", "def f():", false))
                .hasSize(5);
        assertThat(prompts).filteredOn(prompt -> prompt.task().equals("java")).allSatisfy(prompt -> {
            assertThat(prompt.text()).endsWith("{}\n").hasSizeBetween(200, 400);
            assertThat(prompt.isChat()).isFalse();
        });
    }

    @Test
    void readsStreamsOfTokens() throws IOException {
        int[] tokens = tokenizer.encode("public static void main(String[] args) { }\n".repeat(200));
        ByteBuffer bytes = ByteBuffer.allocate(2 * tokens.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int token : tokens) {
            bytes.putShort((short) token);
        }
        Files.write(folder.resolve("java.val.bin"), bytes.array());

        assertThat(PromptSet.of(folder, tokenizer)).hasSize(10).allSatisfy(prompt -> {
            assertThat(prompt.task()).isEqualTo("java");
            assertThat(prompt.text()).contains("static void main");
        });
    }

    @Test
    void refusesInOneSentence() throws IOException {
        refused("there is no file or folder", folder.resolve("absent"));
        refused("holds no prompts", Files.createDirectory(folder.resolve("empty")));
        refused("line 2 of", write("bad.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \n"));
        refused("has no prompt; it needs turns, prompt, question or text", write("other.jsonl", "{\"x\": 1}\n"));
        refused("has no prompt", write("array.jsonl", "[1, 2]\n"));
    }

    private void refused(String part, Path place) {
        assertThatThrownBy(() -> PromptSet.of(place, tokenizer))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining(part)
                .hasMessageNotContaining("\n");
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }
}
