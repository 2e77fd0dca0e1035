package dev.demotic.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.format.Metadata;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Which tokens frame a text, end a reply, and match in what. */
class SpecialTokensTest {
    /** A byte-level tokenizer of single letters and the given special tokens; user-defined ones start with a plus. */
    private static Metadata metadata(String pre, String... specials) {
        String[] tokens = new String[26 + specials.length];
        int[] types = new int[tokens.length];
        Arrays.fill(types, 1);
        for (int i = 0; i < 26; i++) {
            tokens[i] = String.valueOf((char) ('a' + i));
        }
        for (int i = 0; i < specials.length; i++) {
            boolean userDefined = specials[i].startsWith("+");
            tokens[26 + i] = userDefined ? specials[i].substring(1) : specials[i];
            types[26 + i] = userDefined ? 4 : 3;
        }
        return new Metadata()
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", pre)
                .put("tokenizer.ggml.tokens", tokens)
                .put("tokenizer.ggml.token_type", types)
                .put("tokenizer.ggml.merges", new String[0]);
    }

    @Test
    void userTextNeverBecomesAControlToken() {
        Tokenizer tokenizer = Tokenizers.of(metadata("llama-bpe", "<|eot|>", "+xyz", "pad"));
        assertThat(tokenizer.encodeWithSpecials("a<|eot|>xyz")).containsExactly(0, 26, 27);
        assertThat(tokenizer.encode("a<|eot|>xyz")).containsExactly(0, 4, 14, 19, 27);
        // "pad" is a word of its own, and this pre-tokenizer takes words that are tokens whole.
        assertThat(tokenizer.encode("pad")).containsExactly(15, 0, 3);
    }

    @Test
    void theLongestOfTheLeftmostMatchesWins() {
        Tokenizer tokenizer = Tokenizers.of(metadata("qwen2", "+<a", "+<ab>", "+b>c", "+<<"));
        assertThat(tokenizer.encode("<ab>c")).containsExactly(27, 2);
        assertThat(tokenizer.encode("<ax<<a")).containsExactly(26, 23, 29, 0);
    }

    @Test
    void turnEndsStopAReply() {
        Metadata metadata = metadata("qwen2", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "</s>");
        metadata.put("tokenizer.ggml.eos_token_id", 3)
                .put("tokenizer.ggml.eot_token_id", 4)
                .put("tokenizer.ggml.eos_token_ids", new int[] {5, 6});
        Tokenizer tokenizer = Tokenizers.of(metadata);
        assertThat(tokenizer.stopTokens()).containsExactlyInAnyOrder(3, 4, 5, 6, 26, 28, 29);
        assertThat(tokenizer.eos()).hasValue(3);
        assertThat(tokenizer.bos()).isEmpty();
        assertThat(tokenizer.addsBos()).isFalse();
        assertThat(tokenizer.isControl(27)).isTrue();
        assertThat(tokenizer.isControl(0)).isFalse();
        assertThat(tokenizer.id("<|im_start|>")).hasValue(27);
        assertThat(tokenizer.id("<|im_")).isEmpty();
    }

    @Test
    void harmonyEndsMessagesWithoutEndingTheReply() {
        Tokenizer tokenizer = Tokenizers.of(metadata("gpt-4o", "<|return|>", "<|call|>", "<|end|>"));
        assertThat(tokenizer.stopTokens()).containsExactlyInAnyOrder(26, 27);
    }

    @Test
    void llamaThreeWantsBosUnlessTheFileSaysOtherwise() {
        Metadata metadata = metadata("llama-bpe", "<|begin|>").put("tokenizer.ggml.bos_token_id", 26);
        assertThat(Tokenizers.of(metadata).addsBos()).isTrue();
        assertThat(Tokenizers.of(metadata.put("tokenizer.ggml.add_bos_token", false))
                        .addsBos())
                .isFalse();
    }

    @Test
    void aTemplateOfTheTokenizerJsonSaysWhatIsAdded() {
        String json = Fixtures.json("llama-bytes.json").get("tokenizer").toString();
        Tokenizer tokenizer = Tokenizers.ofJson(json);
        assertThat(tokenizer.bos()).hasValue(1);
        assertThat(tokenizer.eos()).hasValue(2);
        assertThat(tokenizer.addsBos()).isTrue();
        assertThat(tokenizer.addsEos()).isTrue();
        Metadata metadata =
                new Metadata().put("tokenizer.huggingface.json", json).put("tokenizer.ggml.add_eos_token", false);
        assertThat(Tokenizers.of(metadata).addsEos()).isFalse();
    }

    @Test
    void controlTokensLeaveNoTextButHaveTheirOwnBytes() {
        Tokenizer tokenizer = Tokenizers.of(metadata("qwen2", "<|im_end|>"));
        assertThat(tokenizer.decode(0, 26, 1)).isEqualTo("ab");
        assertThat(tokenizer.bytes(26)).asString().isEqualTo("<|im_end|>");
    }

    @Test
    void theArtificialSpaceIsLeftOutOnce() {
        Tokenizer tokenizer =
                Tokenizers.of(SentencePieceVectorsTest.metadata(Fixtures.json("gguf-sentencepiece-bpe.json")));
        int[] ids = tokenizer.encodeWithSpecials("<s>the the");
        assertThat(tokenizer.decode(ids)).isEqualTo("the the");
        Tokenizer.StreamingDecoder stream = tokenizer.stream();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.next(id));
        }
        assertThat(text + stream.flush()).isEqualTo("the the");
    }

    @Test
    void paddedVocabulariesHaveTheModelsSize() {
        String json = Fixtures.json("byte-level-nfc.json").get("tokenizer").toString();
        String[] tokens = new String[400];
        Arrays.fill(tokens, "");
        Tokenizer tokenizer = Tokenizers.ofJson(json, new Metadata().put("tokenizer.ggml.tokens", tokens));
        assertThat(tokenizer.size()).isEqualTo(400);
        assertThat(tokenizer.decode(399)).isEmpty();
    }
}
