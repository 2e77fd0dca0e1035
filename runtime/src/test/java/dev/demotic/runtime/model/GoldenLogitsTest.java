package dev.demotic.runtime.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.format.ModelSources;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every architecture against the float32 logits of Hugging Face transformers, on tiny random checkpoints. */
class GoldenLogitsTest {
    private static final double TOLERANCE = 1e-4;
    /** For rows of eight bits of precision. */
    private static final double ROUNDED_TOLERANCE = 0.05;

    record Golden(Path folder, JsonNode json) {
        @Override
        public String toString() {
            return String.valueOf(folder.getFileName());
        }

        boolean hasExperts() {
            return toString().contains("moe") || toString().contains("mixtral");
        }

        int[] tokens(String key) {
            JsonNode list = json.get(key);
            return IntStream.range(0, list.size()).map(i -> list.get(i).asInt()).toArray();
        }

        float[] floats(String file) throws IOException {
            ByteBuffer bytes =
                    ByteBuffer.wrap(Files.readAllBytes(folder.resolve(file))).order(ByteOrder.LITTLE_ENDIAN);
            float[] floats = new float[bytes.remaining() / Float.BYTES];
            bytes.asFloatBuffer().get(floats);
            return floats;
        }
    }

    static List<Golden> goldens() throws Exception {
        Path root = Path.of(GoldenLogitsTest.class.getResource("/golden").toURI());
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(folder -> Files.exists(folder.resolve("golden.json")))
                    .sorted()
                    .map(folder -> new Golden(folder, JsonMapper.shared().readTree(folder.resolve("golden.json"))))
                    .toList();
        }
    }

    static Stream<Object[]> goldensAndKernels() throws Exception {
        return goldens().stream()
                .flatMap(golden -> LanguageModel.kernelSets().stream().map(set -> new Object[] {golden, set}));
    }

    @ParameterizedTest
    @MethodSource("goldensAndKernels")
    void logitsAreThoseOfTransformers(Golden golden, String kernels) throws IOException {
        // A set that rounds rows to bfloat16 may choose other experts than the reference.
        Assumptions.assumeFalse(roundsRows(kernels) && golden.hasExperts(), "experts flip by rounding");
        check(golden, kernels, 0, golden.tokens("ids"), golden.floats("logits.bin"));
    }

    /** Whether a set rounds the rows that BF16 weights, those of the checkpoints, are multiplied by. */
    private static boolean roundsRows(String kernels) {
        return kernels.endsWith("bf16");
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void greedyTextIsThatOfTransformers(Golden golden) {
        try (LanguageModel model = open(golden, "vector", 0);
                Sequence sequence = model.newSequence()) {
            Outputs outputs = sequence.append(golden.tokens("ids"));
            for (int expected : golden.tokens("greedy")) {
                assertThat(outputs.argmax(outputs.last())).isEqualTo(expected);
                outputs = sequence.append(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void logitsWithinTheOriginalContextUseTheShortFactors(Golden golden) throws IOException {
        if (golden.json().has("logits_short")) {
            float[] expected = golden.floats("logits-short.bin");
            int rows = golden.json().get("logits_short").get("shape").get(0).asInt();
            int[] ids = java.util.Arrays.copyOf(golden.tokens("ids"), rows);
            check(golden, "vector", 16, ids, expected);
        }
    }

    private static void check(Golden golden, String kernels, int context, int[] ids, float[] expected) {
        try (LanguageModel model = open(golden, kernels, context);
                Sequence sequence = model.newSequence()) {
            int vocabulary = model.config().vocabulary();
            Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(ids)));
            double largest = 0;
            double worst = 0;
            for (int row = 0; row < ids.length; row++) {
                MemorySegment logits = outputs.logits(row);
                for (int token = 0; token < vocabulary; token++) {
                    float reference = expected[row * vocabulary + token];
                    largest = Math.max(largest, Math.abs(reference));
                    worst = Math.max(worst, Math.abs(reference - logits.getAtIndex(ValueLayout.JAVA_FLOAT, token)));
                }
            }
            assertThat(worst / largest)
                    .as("largest error relative to the largest logit")
                    .isLessThan(roundsRows(kernels) ? ROUNDED_TOLERANCE : TOLERANCE);
        }
    }

    private static LanguageModel open(Golden golden, String kernels, int context) {
        return LanguageModel.open(
                ModelSources.open(golden.folder()),
                ModelOptions.defaults()
                        .withKernels(kernels)
                        .withContext(context)
                        .withKvType(KvType.F32)
                        .withThreads(2));
    }
}
