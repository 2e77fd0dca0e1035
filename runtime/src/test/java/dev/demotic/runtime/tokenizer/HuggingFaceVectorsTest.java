package dev.demotic.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Small tokenizer.json files and what Hugging Face's tokenizers 0.23.2 makes of nasty texts with them. */
class HuggingFaceVectorsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "byte-level-added",
                "byte-level-whole-words",
                "byte-level-nfc",
                "byte-level-nfkd",
                "llama-bytes",
                "llama-unknown",
                "gemma-like",
                "unigram-always",
                "unigram-first",
                "unigram-bytes",
                "unigram-precompiled",
                "wordpiece",
                "wordpiece-normalized",
                "bpe-prefix"
            })
    void encodesAndDecodesLikeHuggingFace(String name) {
        JsonNode fixture = Fixtures.json(name + ".json");
        Tokenizer tokenizer = Tokenizers.ofJson(fixture.get("tokenizer").toString());
        SoftAssertions soft = new SoftAssertions();
        for (JsonNode vector : fixture.get("cases")) {
            String text = vector.get("text").stringValue();
            int[] ids = Fixtures.ints(vector.get("ids"));
            soft.assertThat(tokenizer.encodeWithSpecials(text))
                    .as("encodeWithSpecials <%s>", text)
                    .isEqualTo(ids);
            soft.assertThat(tokenizer.encode(text))
                    .as("encode <%s>", text)
                    .isEqualTo(vector.has("plain") ? Fixtures.ints(vector.get("plain")) : ids);
            if (vector.has("decoded")) {
                soft.assertThat(tokenizer.decode(ids))
                        .as("decode <%s>", text)
                        .isEqualTo(vector.get("decoded").stringValue());
            }
        }
        soft.assertAll();
        assertThat(fixture.get("cases").size()).isGreaterThan(40);
    }
}
