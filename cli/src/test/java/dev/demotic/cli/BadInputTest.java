package dev.demotic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.models.EmbeddedModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad input is an answer: one sentence on standard error, nothing on standard output, and a status that says whose fault. */
class BadInputTest {
    @TempDir
    Path folder;

    private Shell shell;

    @BeforeEach
    void open() {
        shell = new Shell(folder.resolve("cache"));
    }

    @Test
    void missingModel() {
        refused(
                "there is no file or folder",
                "run",
                "-m",
                folder.resolve("absent.gguf").toString(),
                "Hi");
        refused("is on disk or among the pulled ones", "run", "-m", "hf:owner/absent", "Hi");
        refused("there is no file", "quantize", folder.resolve("absent.gguf").toString(), out());
        refused("there is no folder", "convert", folder.resolve("absent").toString(), out());
    }

    @Test
    void folderWithoutAModel() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));

        refused("holds no config.json", "info", "-m", empty.toString());
        refused("config.json", "convert", empty.toString(), out());
        refused("is a folder", "quantize", empty.toString(), out());
    }

    @Test
    void calibrationThatCannotBe() throws IOException {
        String model = EmbeddedModel.draftPath(folder).toString();
        Path text = Files.writeString(folder.resolve("text.txt"), "too short");

        refused(
                "only Q8_0 can be calibrated, not Q4_0",
                "quantize",
                model,
                out(),
                "--type",
                "Q4_0",
                "--calibrate",
                text.toString());
        refused(
                "there is no file",
                "quantize",
                model,
                out(),
                "--type",
                "Q8_0",
                "--calibrate",
                folder.resolve("absent.txt").toString());
        refused(
                "too short to calibrate with",
                "quantize",
                model,
                out(),
                "--type",
                "Q8_0",
                "--calibrate",
                text.toString());
    }

    @Test
    void emptyFile() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.gguf"));

        refused("is empty", "info", "-m", empty.toString());
        refused("is empty", "run", "-m", empty.toString(), "Hi");
    }

    @Test
    void truncatedFile() throws IOException {
        Path model = EmbeddedModel.draftPath(folder);
        byte[] bytes = Files.readAllBytes(model);
        for (int length : new int[] {3, 10, 30, 5_000, 400_000, bytes.length / 2, bytes.length - 1}) {
            Path cut = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(bytes, length));
            refused("cut.gguf", "info", "-m", cut.toString());
        }
    }

    @Test
    void fileOfAnotherKind() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.gguf"), "Dear diary, today I trained a model.");

        refused("is no GGUF file", "run", "-m", text.toString(), "Hi");
    }

    @Test
    void unwritableOutput() throws IOException {
        String model = EmbeddedModel.draftPath(folder).toString();

        refused("", "quantize", model, folder.resolve("absent/out.gguf").toString());
        refused("", "quantize", model, folder.toString());
        refused("is the model itself", "quantize", model, model);
    }

    @Test
    void unknownQuantization() throws IOException {
        refused(
                "there is no quantization Q9_9",
                "quantize",
                EmbeddedModel.draftPath(folder).toString(),
                out(),
                "--type",
                "Q9_9");
        assertThat(Path.of(out())).doesNotExist();
    }

    @Test
    void promptLongerThanTheContext() {
        refused("the prompt has", "run", "--context", "16", "word ".repeat(100));
    }

    @Test
    void contextLongerThanTheModelHas() {
        refused("was trained for a context of", "run", "--context", "1000000", "Hi");
    }

    @Test
    void notEnoughMemory() {
        refused("needs", "run", "--max-memory", "20m", "Hi");
    }

    @Test
    void nothingToAsk() {
        refused("there is no prompt", "run");
        refused("not from both", "run", "--prompt-file", "-", "Hi");
        refused("the prompt is empty", "run", "--raw", "");
        refused(
                "there is no file",
                "run",
                "--prompt-file",
                folder.resolve("absent.txt").toString());
        refused("is a folder", "perplexity", "--file", folder.toString());
    }

    @Test
    void settingsOutOfRange() {
        refused("temperature is -1", "run", "--temperature", "-1", "Hi");
        refused("top-p is 2", "run", "--top-p", "2", "Hi");
        refused("max tokens is 0", "run", "-n", "0", "Hi");
        refused("--logit-bias names token 999999", "run", "--logit-bias", "999999=1", "Hi");
        refused("must be at least 1", "run", "--threads", "0", "Hi");
        refused("there is no kernel set", "run", "--kernels", "abacus", "Hi");
        refused("give --json too", "run", "--logprobs", "2", "Hi");
    }

    @Test
    void measurementsOfNothing() {
        refused("must be at least 1", "bench", "--repeats", "0");
        refused("must be at least 1", "bench", "--sequences", "8,0");
        refused("must be at least 1", "bench", "--generate", "0");
        refused("not as both", "bench", "--json", "--csv");
        refused("there is no shape 'llama-1t' of random models", "bench", "--random", "llama-1t");
        refused("not both", "bench", "--random", "llama-15m", "-m", "some.gguf");
        refused("name their shape with --random", "bench", "--type", "Q4_0");
        refused("and there are 20 MB", "bench", "--random", "llama-1.1b", "--max-memory", "20m");
        misused("invalid value for option '--type'", "bench", "--random", "llama-15m", "--type", "Q9");
    }

    @Test
    void tokensThatAreNone() {
        refused("is no token id of this model", "tokenize", "--decode", "99999999");
        refused("is no token id of this model", "tokenize", "--decode", "twelve");
    }

    @Test
    void textShorterThanAWindow() throws IOException {
        Path text = Files.writeString(folder.resolve("short.txt"), "Too short.");

        refused("less than one window", "perplexity", "--file", text.toString());
    }

    @Test
    void modelsThatAreNotInTheCache() {
        refused("offline mode is on", "pull", "hf:owner/absent", "--offline");
        refused("does not name a model on the hub", "pull", "not a name");
    }

    @Test
    void wrongUsage() {
        misused("unknown option: '--bogus'; see demotic run --help", "run", "--bogus", "Hi");
        misused("see demotic --help", "frobnicate");
        misused("is no size", "run", "--max-memory", "lots", "Hi");
        misused("invalid value for option '--temperature'", "run", "--temperature", "warm", "Hi");
        misused(
                "invalid value for option '--kv-type': expected one of [F32, F16, BF16, Q8]",
                "info",
                "--kv-type",
                "Q3");
        misused("missing required", "convert");
    }

    @Test
    void aDefectSaysHowToFindIt() {
        IllegalStateException defect = new IllegalStateException("oops");
        Shell.Result hidden = report(defect, Map.of());
        Shell.Result shown = report(defect, Map.of("DEMOTIC_DEBUG", "1"));

        assertThat(hidden.status()).isEqualTo(70);
        assertThat(hidden.err().lines()).hasSize(1).first().asString().contains("oops", "DEMOTIC_DEBUG=1");
        assertThat(shown.err()).contains("at dev.demotic.cli.BadInputTest");
    }

    @Test
    void aFullHeapIsASentence() {
        Shell.Result result = report(new OutOfMemoryError("Java heap space"), Map.of());

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines()).hasSize(1);
    }

    @Test
    void aReaderThatLeavesIsNoError() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        int status = Demotic.execute(
                new Console(
                        InputStream.nullInputStream(),
                        new PrintStream(broken, false, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        Map.of("DEMOTIC_CACHE", folder.toString()),
                        Console.Terminals.NONE),
                "tokenize",
                "Hi");

        assertThat(status).isEqualTo(141);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void unreadableFile() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret.gguf"), "GGUF");
        assumeTrue(secret.toFile().setReadable(false) && !Files.isReadable(secret), "root reads everything");

        refused("secret.gguf", "info", "-m", secret.toString());
    }

    private static Shell.Result report(Throwable thrown, Map<String, String> environment) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
        int status = Failure.report(
                new Console(InputStream.nullInputStream(), stream, stream, environment, Console.Terminals.NONE),
                thrown);
        return new Shell.Result(status, "", err.toString(StandardCharsets.UTF_8));
    }

    private String out() {
        return folder.resolve("out.gguf").toString();
    }

    private void refused(String sentence, String... arguments) {
        ends(1, sentence, arguments);
    }

    private void misused(String sentence, String... arguments) {
        ends(2, sentence, arguments);
    }

    private void ends(int status, String sentence, String... arguments) {
        Shell.Result result = shell.run(arguments);
        assertThat(result.status())
                .as(String.join(" ", arguments) + ": " + result.err())
                .isEqualTo(status);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("demotic: ").contains(sentence).doesNotContain("Exception", "\tat ");
        assertThat(result.err().lines()).hasSize(1);
    }
}
