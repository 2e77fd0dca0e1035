package dev.demotic.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and unknown tokenizers end in one sentence, whatever is wrong with them. */
class BadTokenizersTest {
    private static Metadata sound() {
        return new Metadata()
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "qwen2")
                .put("tokenizer.ggml.tokens", new String[] {"a", "b", "ab", "<|im_end|>"})
                .put("tokenizer.ggml.token_type", new int[] {1, 1, 1, 3})
                .put("tokenizer.ggml.merges", new String[] {"a b"})
                .put("tokenizer.ggml.eos_token_id", 3);
    }

    private static void assertRejected(String part, Consumer<Metadata> damage) {
        Metadata metadata = sound();
        damage.accept(metadata);
        assertThatExceptionOfType(DemoticException.class)
                .isThrownBy(() -> Tokenizers.of(metadata))
                .withMessageContaining(part);
    }

    @Test
    void soundMetadataWork() {
        assertThat(Tokenizers.of(sound()).encode("ab<|im_end|>")).containsExactly(2);
        assertThat(Tokenizers.of(sound()).encodeWithSpecials("ab<|im_end|>")).containsExactly(2, 3);
    }

    @Test
    void damagedMetadataAreNamed() {
        assertThatExceptionOfType(DemoticException.class)
                .isThrownBy(() -> Tokenizers.of(new Metadata()))
                .withMessageContaining("tokenizer.ggml.tokens");
        assertRejected("tokens is empty", m -> m.put("tokenizer.ggml.tokens", new String[0]));
        assertRejected("twice", m -> m.put("tokenizer.ggml.tokens", new String[] {"a", "b", "ab", "a"}));
        assertRejected("token_type has 1 values for 4", m -> m.put("tokenizer.ggml.token_type", new int[] {1}));
        assertRejected("\"c\"", m -> m.put("tokenizer.ggml.merges", new String[] {"a c"}));
        assertRejected("no pair", m -> m.put("tokenizer.ggml.merges", new String[] {"ab"}));
        assertRejected("eos_token_id names token 4", m -> m.put("tokenizer.ggml.eos_token_id", 4));
        assertRejected("bos_token_id names token -1", m -> m.put("tokenizer.ggml.bos_token_id", -1));
        assertRejected("eos_token_ids", m -> m.put("tokenizer.ggml.eos_token_ids", new int[] {3, 77}));
        assertRejected("add_bos_token", m -> m.put("tokenizer.ggml.add_bos_token", true));
        assertRejected("brand-new", m -> m.put("tokenizer.ggml.pre", "brand-new"));
        assertRejected("rwkv", m -> m.put("tokenizer.ggml.model", "rwkv"));
        assertRejected(
                "<0x0A>",
                m -> m.put("tokenizer.ggml.model", "llama").put("tokenizer.ggml.token_type", new int[] {1, 6, 1, 3}));
        assertRejected(
                "scores has 1 values",
                m -> m.put("tokenizer.ggml.model", "llama").put("tokenizer.ggml.scores", new float[] {1}));
        assertRejected(
                "score",
                m -> m.put("tokenizer.ggml.model", "t5")
                        .put("tokenizer.ggml.scores", new float[] {Float.NaN, 0, 0, 0}));
        assertRejected(
                "character map",
                m -> m.put("tokenizer.ggml.model", "t5")
                        .put(
                                "tokenizer.ggml.precompiled_charsmap",
                                new Metadata.Value(
                                        Metadata.Type.ARRAY, Metadata.Type.UINT8, new byte[] {9, 9, 9, 9, 9})));
    }

    @Test
    void idsOutsideOfTheVocabularyAreNamed() {
        Tokenizer tokenizer = Tokenizers.of(sound());
        assertThatExceptionOfType(DemoticException.class)
                .isThrownBy(() -> tokenizer.decode(4))
                .withMessageContaining("token 4");
        assertThatExceptionOfType(DemoticException.class).isThrownBy(() -> tokenizer.bytes(-1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "no valid JSON | {",
                "no model | []",
                "no model | {\"model\":3}",
                "model Foo | {'model':{'type':'Foo','vocab':{'a':0}}}",
                "no vocabulary | {'model':{'type':'BPE'}}",
                "no valid id | {'model':{'type':'BPE','vocab':{'a':-1},'merges':[]}}",
                "no valid id | {'model':{'type':'BPE','vocab':{'a':2000000000},'merges':[]}}",
                "share an id | {'model':{'type':'BPE','vocab':{'a':0,'b':0},'merges':[]}}",
                "share an id | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},'added_tokens':[{'id':0,'content':'b'}]}",
                "needs the token | {'model':{'type':'BPE','vocab':{'a':0},'merges':['a b']}}",
                "unk_id is 7 | {'model':{'type':'Unigram','vocab':[['a',0]],'unk_id':7}}",
                "piece and score | {'model':{'type':'Unigram','vocab':[['a']]}}",
                "normalizer Nmt | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},'normalizer':{'type':'Nmt'}}",
                "pre-tokenizer Foo | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},'pre_tokenizer':{'type':'Foo'}}",
                "decoder CTC | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},'decoder':{'type':'CTC'}}",
                "post-processor Foo | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},'post_processor':{'type':'Foo'}}",
                "regular expression | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},"
                        + "'pre_tokenizer':{'type':'Split','pattern':{'Regex':'a\\\\Kb'},'behavior':'Isolated'}}",
                "type of | {'model':{'type':'BPE','vocab':{'a':0},'merges':[]},'pre_tokenizer':{}}",
            })
    void damagedJsonIsNamed(String part, String json) {
        assertThatExceptionOfType(DemoticException.class)
                .isThrownBy(() -> Tokenizers.ofJson(json.replace('\'', '"')))
                .withMessageContaining(part);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                ")",
                "[",
                "[a",
                "a{2",
                "*",
                "(?<n",
                "\\p{Foo}",
                "\\p",
                "\\",
                "(?#x",
                "(?q:x)",
                "a**",
                "[[:foo:]]",
                "\\x{110000}",
                "(?",
                "(?<=a+)b",
                "[z-a]",
                "\\g<1>",
                "{1,3}+",
                "?"
            })
    void anyExpressionCompilesOrIsNamed(String expression) {
        try {
            Oniguruma.compile(expression);
        } catch (DemoticException e) {
            assertThat(e).hasMessageContaining(expression);
        }
    }

    /** Every damage to the text leaves a tokenizer or a sentence, never another exception. */
    @ParameterizedTest
    @ValueSource(
            strings = {"byte-level-added", "llama-bytes", "unigram-precompiled", "wordpiece-normalized", "gemma-like"})
    void fuzzedJsonIsATokenizerOrASentence(String name) {
        String sound = Fixtures.json(name + ".json").get("tokenizer").toString();
        int model = sound.indexOf("\"model\":{");
        Random random = new Random(7);
        int working = 0;
        for (int i = 0; i < 300; i++) {
            StringBuilder json = new StringBuilder(sound);
            for (int damage = 1 + random.nextInt(3); damage > 0; damage--) {
                // Most structure comes before the long vocabulary.
                int position =
                        random.nextInt(random.nextBoolean() ? Math.min(model + 300, json.length()) : json.length());
                switch (random.nextInt(3)) {
                    case 0 -> json.setCharAt(position, "0\"a{}[],:-n▁".charAt(random.nextInt(12)));
                    case 1 -> json.deleteCharAt(position);
                    default -> json.insert(position, random.nextInt(10));
                }
            }
            try {
                Tokenizer tokenizer = Tokenizers.ofJson(json.toString());
                tokenizer.decode(tokenizer.encodeWithSpecials("Hello, the  世界 ①\n"));
                working++;
            } catch (DemoticException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(working).isPositive();
    }

    @Test
    void fuzzedMetadataAreATokenizerOrASentence() {
        Random random = new Random(8);
        for (int i = 0; i < 2_000; i++) {
            Metadata metadata = SentencePieceVectorsTest.metadata(
                    Fixtures.json(random.nextBoolean() ? "gguf-unigram.json" : "gguf-sentencepiece-bpe.json"));
            String[] tokens = metadata.strings("tokenizer.ggml.tokens");
            int[] types = metadata.integers("tokenizer.ggml.token_type");
            float[] scores = metadata.numbers("tokenizer.ggml.scores");
            for (int damage = random.nextInt(20); damage > 0; damage--) {
                int id = random.nextInt(tokens.length);
                switch (random.nextInt(3)) {
                    case 0 -> tokens[id] = random.nextInt(20) == 0 ? "" : "x" + random.nextInt(10_000);
                    case 1 -> types[id] = random.nextInt(9) - 1;
                    default -> scores[id] = Float.intBitsToFloat(random.nextInt());
                }
            }
            metadata.put("tokenizer.ggml.unknown_token_id", random.nextInt(3) - 1);
            try {
                Tokenizer tokenizer = Tokenizers.of(metadata);
                tokenizer.decode(tokenizer.encodeWithSpecials("Hello, the  世界 ①\n<s>"));
            } catch (DemoticException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }
}
