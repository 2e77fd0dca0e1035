package dev.demotic.runtime.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.testing.Zoo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The trained models against Hugging Face transformers in float32: token ids, highest logits, greedy text. */
class GoldenTextTest {
    private static JsonNode resource(String name) throws IOException {
        try (var stream = GoldenTextTest.class.getResourceAsStream("/golden/" + name)) {
            return JsonMapper.shared().readTree(Objects.requireNonNull(stream));
        }
    }

    private static int[] integers(JsonNode list) {
        return IntStream.range(0, list.size()).map(i -> list.get(i).asInt()).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny", "small", "medium", "large"})
    void everyPromptGoesOnAsInTransformers(String name) throws IOException {
        JsonNode goldens = resource("zoo-check.json").get("golden");
        JsonNode prompts = resource("zoo-prompts.json");
        // Float rows and float keys: the reference computes in float32.
        ModelOptions exact = ModelOptions.defaults().withKernels("vector").withKvType(KvType.F32);
        try (LanguageModel model = LanguageModel.open(Zoo.model(name), exact)) {
            for (Map.Entry<String, JsonNode> prompt : prompts.properties()) {
                check(model, prompt.getValue().asString(), goldens.get(name + "/" + prompt.getKey()), 1e-4, 0);
            }
        }
    }

    /**
     * The fastest kernels may round rows to bfloat16, and keys and values to half precision: no token of the reference is far
     * from the most likely one.
     */
    @ParameterizedTest
    @ValueSource(strings = {"tiny", "small", "medium", "large"})
    void theFastestKernelsStayClose(String name) throws IOException {
        JsonNode goldens = resource("zoo-check.json").get("golden");
        JsonNode prompts = resource("zoo-prompts.json");
        try (LanguageModel model = LanguageModel.open(Zoo.model(name))) {
            for (Map.Entry<String, JsonNode> prompt : prompts.properties()) {
                check(model, prompt.getValue().asString(), goldens.get(name + "/" + prompt.getKey()), 0.2, 0.1);
            }
        }
    }

    private static void check(
            LanguageModel model, String prompt, JsonNode golden, double tolerance, double largestGap) {
        int[] ids = model.tokenizer().encodeWithSpecials(prompt);
        assertThat(ids).isEqualTo(integers(golden.get("ids")));
        try (Sequence sequence = model.newSequence()) {
            Outputs outputs = sequence.append(ids);
            MemorySegment logits = outputs.logits(outputs.last());
            int[] top = integers(golden.get("top_ids"));
            for (int i = 0; i < top.length; i++) {
                assertThat((double) logits.getAtIndex(ValueLayout.JAVA_FLOAT, top[i]))
                        .isCloseTo(golden.get("top_logits").get(i).asDouble(), within(tolerance));
            }
            for (int expected : integers(golden.get("greedy"))) {
                logits = outputs.logits(outputs.last());
                float highest = logits.getAtIndex(ValueLayout.JAVA_FLOAT, outputs.argmax(outputs.last()));
                float gap = highest - logits.getAtIndex(ValueLayout.JAVA_FLOAT, expected);
                assertThat((double) gap).isLessThanOrEqualTo(largestGap);
                outputs = sequence.append(expected);
            }
        }
    }
}
