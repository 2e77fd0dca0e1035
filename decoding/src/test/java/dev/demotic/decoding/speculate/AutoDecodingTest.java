package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.testing.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whatever auto chooses, the text is that of plain decoding. */
class AutoDecodingTest {
    private static final Path FOLDER = Path.of("../models/src/main/resources/dev/demotic/models");
    private static final List<SamplingSettings> SETTINGS = List.of(
            SamplingSettings.greedy(),
            SamplingSettings.greedy().withRepetitionPenalty(1.4, 16).withLogitBias(Map.of(3, 2.0)),
            SamplingSettings.unchanged().withSeed(7),
            SamplingSettings.unchanged().withTopP(0.8).withSeed(8),
            SamplingSettings.unchanged().withMirostat(3, 0.1).withSeed(9));

    private static LanguageModel target;
    private static LanguageModel draft;

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withContext(512).withSequences(12);
        target = LanguageModel.open(FOLDER.resolve("demotic-medium-q8_0.gguf"), options);
        draft = LanguageModel.open(FOLDER.resolve("demotic-small-q8_0.gguf"), options);
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    private static Generation generation() {
        return Generation.with(target).maxTokens(48);
    }

    @Test
    void theTextOfASeedIsThatOfPlainDecoding() {
        List<String> prompts = List.of(
                "public class Stack<T> {\n    private final List<T> items = new ArrayList<>();\n",
                "int[] a = new int[10];\nint[] b = new int[10];\nint[] c = new");
        for (Optional<LanguageModel> with : List.of(Optional.of(draft), Optional.<LanguageModel>empty())) {
            AutoDecoding auto = AutoDecoding.of(target, with, 32);
            for (SamplingSettings settings : SETTINGS) {
                for (String prompt : prompts) {
                    Generation plain = generation().sampling(settings);
                    assertThat(plain.method(auto).complete(prompt).tokens())
                            .isEqualTo(plain.complete(prompt).tokens());
                }
            }
        }
    }

    @Test
    void aLoopIsCopied() {
        AutoDecoding auto = AutoDecoding.of(target, Optional.of(draft), 32);
        Generation generation = generation().maxTokens(120);
        String prompt = "one two three four five six seven eight nine ten\n".repeat(8);
        Reply reply = generation.method(auto).complete(prompt);
        assertThat(reply.tokens()).isEqualTo(generation.complete(prompt).tokens());
        AutoReport report = reply.report(AutoReport.class).orElseThrow();
        assertThat(report.statistics().blockEfficiency())
                .as("%s", report.explanation())
                .isGreaterThan(3);
        assertThat(report.figures()).containsKeys("block_efficiency", "sources", "row_ratios");
    }

    @Test
    void oneServesManyRepliesAtOnce() throws Exception {
        AutoDecoding auto = AutoDecoding.of(target, Optional.of(draft), 16);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<int[]>> replies = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                String prompt = "Chapter " + i + "\n\nThe";
                replies.add(() -> generation().method(auto).complete(prompt).tokens());
            }
            List<Future<int[]>> done = threads.invokeAll(replies);
            for (int i = 0; i < done.size(); i++) {
                assertThat(done.get(i).get())
                        .isEqualTo(generation()
                                .complete("Chapter " + i + "\n\nThe")
                                .tokens());
            }
        }
    }

    @Test
    void randomModelsGetTheirTextToo() {
        ModelOptions options = ModelOptions.defaults().withThreads(2).withSequences(4);
        try (LanguageModel tiny = TinyModels.large(options)) {
            AutoDecoding auto = AutoDecoding.of(tiny, Optional.empty(), 8);
            for (SamplingSettings settings : SETTINGS) {
                for (int length : new int[] {1, 9, TinyModel.CONTEXT - 3}) {
                    int[] prompt = new Random(length)
                            .ints(length, 0, TinyModel.VOCABULARY)
                            .toArray();
                    List<Integer> expected = Replies.of(tiny, new PlainDecoding(), settings, prompt, 60).tokens;
                    assertThat(Replies.of(tiny, auto, settings, prompt, 60).tokens)
                            .as("%s", Arrays.toString(prompt))
                            .isEqualTo(expected);
                    Integer stop = expected.get(expected.size() / 2);
                    assertThat(Replies.of(tiny, auto, settings, prompt, 60, stop).tokens)
                            .isEqualTo(expected.subList(0, expected.indexOf(stop) + 1));
                }
            }
        }
    }
}
