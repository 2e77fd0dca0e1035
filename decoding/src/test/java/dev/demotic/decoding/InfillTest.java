package dev.demotic.decoding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.tokenizer.Tokenizer;
import dev.demotic.runtime.tokenizer.Tokenizers;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class InfillTest {
    private static Tokenizer tokenizer(String... more) {
        String[] tokens = new String[more.length + 2];
        tokens[0] = "a";
        tokens[1] = "b";
        System.arraycopy(more, 0, tokens, 2, more.length);
        int[] kinds = new int[tokens.length];
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = i < 2 ? 1 : 3;
        }
        return Tokenizers.of(new Metadata()
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "gpt-2")
                .put("tokenizer.ggml.tokens", tokens)
                .put("tokenizer.ggml.token_type", kinds)
                .put("tokenizer.ggml.merges", new String[0]));
    }

    @Test
    void theMiddleComesLastAndBosFirst() {
        Infill infill = Infill.of(tokenizer("<fim_prefix>", "<fim_middle>", "<fim_suffix>"))
                .orElseThrow();
        assertThat(infill).isEqualTo(new Infill(2, 4, 3));
        assertThat(infill.prompt(new int[] {0, 1}, new int[] {1}, OptionalInt.empty()))
                .containsExactly(2, 0, 1, 4, 1, 3);
        assertThat(infill.prompt(new int[] {9, 0}, new int[] {1}, OptionalInt.of(9)))
                .containsExactly(9, 2, 0, 4, 1, 3);
        assertThat(infill.prompt(new int[0], new int[0], OptionalInt.of(9))).containsExactly(2, 4, 3);
    }

    @Test
    void vocabulariesWithoutAllMarksHaveNone() {
        assertThat(Infill.of(tokenizer("<fim_prefix>", "<fim_suffix>"))).isEmpty();
        assertThat(Infill.of(tokenizer("<|fim_prefix|>", "<fim_suffix>", "<fim_middle>")))
                .isEmpty();
    }
}
