package dev.demotic.runtime.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerMetadataTest {
    private static final String BYTE_LEVEL = """
            {"added_tokens": [{"id": 3, "content": "<s>", "special": true}, {"id": 4, "content": "<x>", "special": false},
                              {"id": 9, "content": "<image>", "special": true}],
             "pre_tokenizer": {"type": "ByteLevel"},
             "post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"},
                {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                                          {"Sequence": {"id": "A", "type_id": 0}}]}]},
             "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<image>": 9}, "merges": ["a b"]}}""";

    private static final String SENTENCEPIECE = """
            {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "</s>", "special": true}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true,
                "vocab": {"<unk>": 0, "</s>": 1, "<0x0A>": 2, "▁": 3, "a": 4, "b": 5, "ab": 6, "▁ab": 7},
                "merges": [["a", "b"], ["▁", "ab"]]}}""";

    private static final String UNIGRAM = """
            {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": "AQL/"},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
             "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
             "model": {"type": "Unigram", "unk_id": 1, "vocab": [["<pad>", 0.0], ["<unk>", 0.0], ["▁a", -1.5]]}}""";

    @TempDir
    Path path;

    private TinyFolder folder;

    @BeforeEach
    void writeEmptyConfig() {
        folder = new TinyFolder(path, "F32").file("config.json", "{}");
    }

    private Metadata read(String tokenizer, int vocabularySize) {
        folder.file("tokenizer.json", tokenizer);
        Metadata metadata = new Metadata();
        TokenizerMetadata.read(path, vocabularySize).orElseThrow().writeTo(metadata);
        return metadata;
    }

    @Test
    void readsByteLevelBpe() {
        folder.file("tokenizer_config.json", "{\"bos_token\": {\"content\": \"<s>\"}, \"pad_token\": null}");
        Metadata metadata = read(BYTE_LEVEL, 6);
        assertThat(metadata.string("tokenizer.ggml.model")).isEqualTo("gpt2");
        assertThat(metadata.string("tokenizer.ggml.pre")).isEqualTo("gpt-2");
        assertThat(metadata.strings("tokenizer.ggml.tokens")).containsExactly("a", "b", "ab", "<s>", "<x>", "[PAD5]");
        assertThat(metadata.integers("tokenizer.ggml.token_type")).containsExactly(1, 1, 1, 3, 4, 5);
        assertThat(metadata.strings("tokenizer.ggml.merges")).containsExactly("a b");
        assertThat(metadata.integer("tokenizer.ggml.bos_token_id")).isEqualTo(3);
        assertThat(metadata.flag("tokenizer.ggml.add_bos_token", false)).isTrue();
        assertThat(metadata.flag("tokenizer.ggml.add_eos_token", true)).isFalse();
        assertThat(metadata.has("tokenizer.ggml.padding_token_id")).isFalse();
        assertThat(metadata.string("tokenizer.huggingface.json")).isEqualTo(BYTE_LEVEL);
    }

    @Test
    void scoresSentencePieceByMerges() {
        Metadata metadata = read(SENTENCEPIECE, 8);
        assertThat(metadata.string("tokenizer.ggml.model")).isEqualTo("llama");
        assertThat(metadata.numbers("tokenizer.ggml.scores")).containsExactly(0, 0, 0, -2, -2, -2, 0, -1);
        assertThat(metadata.integers("tokenizer.ggml.token_type")).containsExactly(2, 3, 6, 1, 1, 1, 1, 1);
        assertThat(metadata.flag("tokenizer.ggml.add_space_prefix", false)).isTrue();
        assertThat(metadata.integer("tokenizer.ggml.unknown_token_id")).isZero();
        assertThat(metadata.has("tokenizer.ggml.merges")).isFalse();
    }

    @Test
    void readsUnigram() {
        Metadata metadata = read(UNIGRAM, 3);
        assertThat(metadata.string("tokenizer.ggml.model")).isEqualTo("t5");
        assertThat(metadata.numbers("tokenizer.ggml.scores")).containsExactly(0, 0, -1.5f);
        assertThat(metadata.integers("tokenizer.ggml.token_type")).containsExactly(1, 2, 1);
        assertThat(metadata.flag("tokenizer.ggml.add_space_prefix", false)).isTrue();
        assertThat(metadata.flag("tokenizer.ggml.remove_extra_whitespaces", false))
                .isTrue();
        assertThat(metadata.integers("tokenizer.ggml.precompiled_charsmap")).containsExactly(1, 2, -1);
    }

    @Test
    void takesEndTokensFromGenerationConfigFirst() {
        folder.file("generation_config.json", "{\"eos_token_id\": [1, 4, 77]}")
                .file("tokenizer_config.json", "{\"eos_token\": \"<s>\", \"add_bos_token\": true}")
                .file("config.json", "{\"eos_token_id\": 0, \"bos_token_id\": 2, \"pad_token_id\": 1}");
        Metadata metadata = read(BYTE_LEVEL, 5);
        assertThat(metadata.integer("tokenizer.ggml.eos_token_id")).isEqualTo(1);
        assertThat(metadata.integers("tokenizer.ggml.eos_token_ids")).containsExactly(1, 4, 3);
        assertThat(metadata.integer("tokenizer.ggml.bos_token_id")).isEqualTo(2);
        assertThat(metadata.integer("tokenizer.ggml.padding_token_id")).isEqualTo(1);
        assertThat(metadata.flag("tokenizer.ggml.add_bos_token", false)).isTrue();
    }

    @Test
    void takesEndTokensFromConfigLast() {
        folder.file("special_tokens_map.json", "{\"eos_token\": \"<s>\"}")
                .file("config.json", "{\"eos_token_id\": [3, 0]}");
        Metadata metadata = read(BYTE_LEVEL, 5);
        assertThat(metadata.integer("tokenizer.ggml.eos_token_id")).isEqualTo(3);
        assertThat(metadata.integers("tokenizer.ggml.eos_token_ids")).containsExactly(3, 0);
    }

    @Test
    void findsChatTemplatesWhereverTheyAre() throws IOException {
        folder.file(
                "tokenizer_config.json",
                "{\"chat_template\": [{\"name\": \"default\", \"template\": \"D\"}, {\"name\": \"tool_use\", \"template\": \"T\"}]}");
        Metadata named = read(BYTE_LEVEL, 5);
        assertThat(named.string("tokenizer.chat_template")).isEqualTo("D");
        assertThat(named.strings("tokenizer.chat_templates")).containsExactly("tool_use");
        assertThat(named.string("tokenizer.chat_template.tool_use")).isEqualTo("T");

        folder.file("tokenizer_config.json", "{\"chat_template\": \"S\"}");
        assertThat(read(BYTE_LEVEL, 5).string("tokenizer.chat_template")).isEqualTo("S");
        folder.file("chat_template.json", "{\"chat_template\": \"P\"}");
        assertThat(read(BYTE_LEVEL, 5).string("tokenizer.chat_template")).isEqualTo("P");
        folder.file("chat_template.jinja", "J");
        Files.createDirectory(path.resolve("additional_chat_templates"));
        folder.file("additional_chat_templates/rag.jinja", "R");
        Metadata files = read(BYTE_LEVEL, 5);
        assertThat(files.string("tokenizer.chat_template")).isEqualTo("J");
        assertThat(files.string("tokenizer.chat_template.rag")).isEqualTo("R");

        folder.file("chat_template.json", "{\"chat_template\": 3}");
        assertThatThrownBy(() -> read(BYTE_LEVEL, 5))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("chat_template as 3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "::",
            value = {
                "\"type\": \"ByteLevel\" :: gpt-2",
                "\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\", \"individual_digits\": true}, {\"type\": \"ByteLevel\", \"use_regex\": true}] :: starcoder",
                "\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Punctuation\", \"behavior\": \"Contiguous\"}, {\"type\": \"ByteLevel\", \"use_regex\": true}, {\"type\": \"Digits\", \"individual_digits\": false}, {\"type\": \"Split\", \"pattern\": {\"Regex\": \"[0-9][0-9][0-9]\"}}] :: falcon",
                "\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"}}, {\"type\": \"ByteLevel\", \"use_regex\": false}] :: llama-bpe",
                "\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"[\\r\\n]\"}}, {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\s?\\\\p{L}+\"}}, {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\s?\\\\p{P}+\"}}, {\"type\": \"Split\", \"pattern\": {\"Regex\": \"[一-龥ࠀ-一가-퟿]+\"}}, {\"type\": \"Digits\", \"individual_digits\": true}, {\"type\": \"ByteLevel\", \"use_regex\": false}] :: deepseek-coder",
                "\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"new\"}}, {\"type\": \"ByteLevel\"}] :: ",
            })
    void recognisesPreTokenizers(String preTokenizer, @Nullable String name) {
        Metadata metadata =
                read(BYTE_LEVEL.replace("\"type\": \"ByteLevel\"},\n \"post", preTokenizer + "},\n \"post"), 5);
        assertThat(metadata.findString("tokenizer.ggml.pre").orElse(""))
                .isEqualTo(Objects.requireNonNullElse(name, ""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"model\": {\"type\": \"WordPiece\"}} | describes a WordPiece tokenizer",
                "{\"model\": {\"type\": \"BPE\"}}       | describes a BPE tokenizer, but Demotic reads byte-level BPE",
                "{\"model\": 3}                         | gives model as 3, but it must be an object",
                "{\"model\": {\"type\": \"Unigram\"}}   | leaves out model.vocab, which must be a list",
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\"]]}} | gives vocabulary entry 0 no pair of piece and score",
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 1]], \"unk_id\": 7}} | gives model.unk_id as 7",
                "{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 5}}} | gives token a the id 5, but the model knows 5 tokens",
                "{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}}} | gives token a no valid id",
                "{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 1, \"b\": 1}}} | gives token b the id of another token",
                "{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": [3]}} | gives merge 0 no pair of pieces",
                "{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {}}, \"added_tokens\": [{\"id\": 1}]} | gives added token 1 no content",
                "{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {}}, \"added_tokens\": [{\"content\": \"a\"}]} | gives an added token no valid id",
                "{\"model\": {\"type\": \"Unigram\", \"vocab\": []}, \"normalizer\": {\"precompiled_charsmap\": \"~\"}} | gives precompiled_charsmap no Base64 text",
            })
    void rejectsWhatItCannotRead(String tokenizer, String message) {
        assertThatThrownBy(() -> read(tokenizer, 5))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining(path.resolve("tokenizer.json").toString())
                .hasMessageContaining(message);
    }

    @Test
    void survivesMutation() {
        Random random = new Random(3);
        int read = 0;
        for (String tokenizer : new String[] {BYTE_LEVEL, SENTENCEPIECE, UNIGRAM}) {
            for (int round = 0; round < 300; round++) {
                StringBuilder mutated = new StringBuilder(tokenizer);
                for (int i = random.nextInt(3); i >= 0; i--) {
                    mutated.setCharAt(
                            random.nextInt(mutated.length()), tokenizer.charAt(random.nextInt(tokenizer.length())));
                }
                try {
                    assertThat(read(mutated.toString(), 8).strings("tokenizer.ggml.tokens"))
                            .doesNotContainNull();
                    read++;
                } catch (DemoticException e) {
                    assertThat(e).hasMessageContaining("tokenizer.json");
                }
            }
        }
        assertThat(read).isBetween(100, 899);
    }
}
