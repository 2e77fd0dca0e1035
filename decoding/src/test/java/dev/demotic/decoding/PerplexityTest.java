package dev.demotic.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.decoding.Perplexity.Scored;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.testing.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Perplexity against Hugging Face transformers in float32, window by window. */
class PerplexityTest {
    private static final int WINDOW = 512;
    private static final int WINDOWS = 4;

    @Test
    void bfloat16WeightsGiveTheReference() throws IOException {
        String data = System.getenv("DEMOTIC_EVAL_DATA");
        assumeTrue(data != null, "DEMOTIC_EVAL_DATA names no folder with evaluation data");
        JsonNode reference;
        try (var golden = PerplexityTest.class.getResourceAsStream("/golden/perplexity.json")) {
            reference = JsonMapper.shared().readTree(Objects.requireNonNull(golden));
        }
        String text = Files.readString(Path.of(data, "wikitext-2", "valid.txt"));
        for (String name : new String[] {"medium", "large"}) {
            JsonNode expected = reference.get("models").get(name);
            // The reference computes in float32; sets that round rows to bfloat16 are left out.
            String floatRows = LanguageModel.kernelSets().stream()
                    .filter(set -> !set.endsWith("bf16"))
                    .findFirst()
                    .orElseThrow();
            ModelOptions exact = ModelOptions.defaults().withKernels(floatRows).withKvType(KvType.F32);
            try (LanguageModel model = LanguageModel.open(Zoo.model(name), exact)) {
                int[] tokens = model.tokenizer().encode(text);
                assertThat(tokens).hasSize(expected.get("tokens").asInt());
                int[] first = Arrays.copyOf(tokens, WINDOWS * WINDOW);
                Perplexity measured = Perplexity.of(model, first, WINDOW, Scored.ALL, _ -> {});
                double nll = 0;
                for (int i = 0; i < WINDOWS; i++) {
                    nll += expected.get("nll_of_first_16_windows").get(i).asDouble() / WINDOWS;
                }
                assertThat(measured.tokens()).isEqualTo(WINDOWS * (WINDOW - 1L));
                // a tenth of the bar, which is 0.1 % of the perplexity
                assertThat(measured.value()).isCloseTo(Math.exp(nll), within(1e-4 * Math.exp(nll)));
            }
        }
    }

    @Test
    void onlyTheSecondHalfOfAWindowMayCount() {
        try (LanguageModel model = LanguageModel.open(
                Path.of("../models/src/main/resources/dev/demotic/models/demotic-small-q8_0.gguf"))) {
            int[] tokens = model.tokenizer().encode("the quick brown fox jumps over the lazy dog. ".repeat(40));
            Perplexity all = Perplexity.of(model, tokens, 128, Scored.ALL, _ -> {});
            Perplexity half = Perplexity.of(model, tokens, 128, Scored.SECOND_HALF, _ -> {});
            assertThat(all.tokens()).isEqualTo(tokens.length / 128 * 127L);
            assertThat(half.tokens()).isEqualTo(tokens.length / 128 * 64L);
            assertThat(half.value()).as("repeated text is easier with context").isLessThan(all.value());
            assertThatThrownBy(() -> Perplexity.of(model, tokens, 5_000, Scored.ALL, _ -> {}))
                    .hasMessageContaining("does not fit the context");
            assertThatThrownBy(() -> Perplexity.of(model, new int[7], 128, Scored.ALL, _ -> {}))
                    .hasMessageContaining("less than one window");
        }
    }
}
