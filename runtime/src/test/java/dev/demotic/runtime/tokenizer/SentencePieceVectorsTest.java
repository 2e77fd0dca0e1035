package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.format.Metadata;
import java.util.Base64;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Small SentencePiece models under GGUF's keys, and what SentencePiece 0.2.2 itself makes of nasty texts with them. */
class SentencePieceVectorsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"gguf-sentencepiece-bpe", "gguf-sentencepiece-bpe-noprefix", "gguf-unigram", "gguf-unigram-plain"
            })
    void encodesLikeSentencePiece(String name) {
        JsonNode fixture = Fixtures.json(name + ".json");
        Tokenizer tokenizer = Tokenizers.of(metadata(fixture));
        SoftAssertions soft = new SoftAssertions();
        for (JsonNode vector : fixture.get("cases")) {
            String text = vector.get("text").stringValue();
            soft.assertThat(tokenizer.encode(text)).as("<%s>", text).isEqualTo(Fixtures.ints(vector.get("ids")));
        }
        soft.assertAll();
    }

    static Metadata metadata(JsonNode fixture) {
        JsonNode scores = fixture.get("scores");
        float[] numbers = new float[scores.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = scores.get(i).floatValue();
        }
        Metadata metadata = new Metadata()
                .put("tokenizer.ggml.model", fixture.get("model").stringValue())
                .put("tokenizer.ggml.tokens", Fixtures.strings(fixture.get("tokens")))
                .put("tokenizer.ggml.scores", numbers)
                .put("tokenizer.ggml.token_type", Fixtures.ints(fixture.get("token_type")))
                .put("tokenizer.ggml.unknown_token_id", 0)
                .put(
                        "tokenizer.ggml.add_space_prefix",
                        fixture.get("add_space_prefix").booleanValue())
                .put(
                        "tokenizer.ggml.remove_extra_whitespaces",
                        fixture.get("remove_extra_whitespaces").booleanValue());
        if (fixture.has("precompiled_charsmap")) {
            byte[] map = Base64.getDecoder()
                    .decode(fixture.get("precompiled_charsmap").stringValue());
            metadata.put(
                    "tokenizer.ggml.precompiled_charsmap",
                    new Metadata.Value(Metadata.Type.ARRAY, Metadata.Type.UINT8, map));
        }
        return metadata;
    }
}
