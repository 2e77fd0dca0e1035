package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for all texts: nothing is lost, and streaming shows the same text in whole graphemes. */
class TokenizerPropertiesTest {
    private static final Pattern GRAPHEME = Pattern.compile("\\X");
    private static final String[] CLUSTERS = {
        "a",
        "Z",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "e\u0301",
        "\u0301",
        "한",
        "\u1112\u1161\u11AB",
        "क्षि",
        "👩‍👩‍👧‍👦",
        "👍🏽",
        "🇩🇪",
        "🇫",
        "1️⃣",
        "☺️",
        "漢",
        "\u0000",
        "\u200D",
        "ß",
        "Ω",
        "🦙",
        "\uFFFD",
        "\u0E33",
        "x\u0308\u0323"
    };

    private static Tokenizer byteLevel() {
        return Tokenizers.ofJson(
                Fixtures.json("byte-level-whole-words.json").get("tokenizer").toString());
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(40); i > 0; i--) {
            if (random.nextInt(4) > 0) {
                text.append(CLUSTERS[random.nextInt(CLUSTERS.length)]);
            } else {
                int codePoint = random.nextInt(Character.MAX_CODE_POINT + 1);
                text.appendCodePoint(
                        codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE ? '?' : codePoint);
            }
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte-level-whole-words", "byte-level-added"})
    void byteLevelLosesNothing(String name) {
        Tokenizer tokenizer =
                Tokenizers.ofJson(Fixtures.json(name + ".json").get("tokenizer").toString());
        Random random = new Random(1);
        for (int i = 0; i < 3_000; i++) {
            String text = randomText(random);
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void byteFallbackLosesNothing() {
        Tokenizer tokenizer =
                Tokenizers.of(SentencePieceVectorsTest.metadata(Fixtures.json("gguf-sentencepiece-bpe.json")));
        Random random = new Random(2);
        for (int i = 0; i < 3_000; i++) {
            // A visible space in the text is indistinguishable from a space, by design of SentencePiece.
            String text = randomText(random).replace(Metaspace.SPACE, '_');
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void loneSurrogatesBecomeReplacementCharacters() {
        Tokenizer tokenizer = byteLevel();
        assertThat(tokenizer.decode(tokenizer.encode("a\uD83Db\uDC00"))).isEqualTo("a\uFFFDb\uFFFD");
    }

    @Test
    void streamingShowsWholeGraphemesOfTheSameText() {
        Tokenizer tokenizer = byteLevel();
        Random random = new Random(3);
        for (int i = 0; i < 2_000; i++) {
            String text = randomText(random);
            assertPieces(stream(tokenizer, tokenizer.encode(text)), text);
        }
    }

    @Test
    void streamingOfAnyTokensEqualsDecoding() {
        Tokenizer tokenizer = byteLevel();
        Random random = new Random(4);
        for (int i = 0; i < 2_000; i++) {
            int[] tokens = random.ints(random.nextInt(60), 0, tokenizer.size()).toArray();
            assertPieces(stream(tokenizer, tokens), tokenizer.decode(tokens));
        }
    }

    @Test
    void bytesOfTokensMakeUpTheText() {
        Tokenizer tokenizer = byteLevel();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String text = "naïve 👩‍👩‍👧‍👦 text";
        for (int token : tokenizer.encode(text)) {
            bytes.writeBytes(tokenizer.bytes(token));
        }
        assertThat(bytes.toString(UTF_8)).isEqualTo(text);
    }

    /** Cuts UTF-8 at random places, damages some of it, and compares with Java's own decoding of the whole. */
    @Test
    void streamOfRandomBytesEqualsDecodingOfTheWhole() {
        Random random = new Random(5);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = randomText(random).getBytes(UTF_8);
            for (int damage = random.nextInt(4); damage > 0 && bytes.length > 0; damage--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            GraphemeStream stream = new GraphemeStream();
            List<String> pieces = new ArrayList<>();
            for (int start = 0; start < bytes.length; ) {
                int end = Math.min(bytes.length, start + random.nextInt(5));
                pieces.add(stream.add(Arrays.copyOfRange(bytes, start, end)));
                start = end;
            }
            pieces.add(stream.flush());
            assertPieces(pieces, new String(bytes, UTF_8));
        }
    }

    @Test
    void plainTextIsHeldBackByOneCharacter() {
        GraphemeStream stream = new GraphemeStream();
        assertThat(stream.add("Hello".getBytes(UTF_8))).isEqualTo("Hell");
        assertThat(stream.add(" world".getBytes(UTF_8))).isEqualTo("o worl");
        assertThat(stream.flush()).isEqualTo("d");
        assertThat(stream.flush()).isEmpty();
    }

    private static List<String> stream(Tokenizer tokenizer, int[] tokens) {
        Tokenizer.StreamingDecoder decoder = tokenizer.stream();
        List<String> pieces = new ArrayList<>();
        for (int token : tokens) {
            pieces.add(decoder.next(token));
        }
        pieces.add(decoder.flush());
        return pieces;
    }

    private static void assertPieces(List<String> pieces, String text) {
        assertThat(String.join("", pieces)).isEqualTo(text);
        List<Integer> borders = new ArrayList<>(List.of(0));
        for (Matcher grapheme = GRAPHEME.matcher(text); grapheme.find(); ) {
            borders.add(grapheme.end());
        }
        int position = 0;
        for (String piece : pieces) {
            position += piece.length();
            assertThat(borders).as("pieces %s", pieces).contains(position);
        }
    }

    static List<PreTokenizer> preTokenizers() {
        List<PreTokenizer> all = new ArrayList<>();
        for (String name : List.of(
                "gpt-2",
                "llama-bpe",
                "qwen2",
                "qwen35",
                "deepseek-llm",
                "deepseek-coder",
                "deepseek-v3",
                "falcon",
                "starcoder",
                "default",
                "gpt-4o",
                "tekken",
                "kimi-k2",
                "exaone-moe",
                "bailingmoe",
                "seed-coder",
                "jais-2",
                "tiny_aya",
                "superbpe",
                "afmoe",
                "bloom",
                "viking",
                "youtu",
                "spark2_5",
                "minicpm5",
                "laguna",
                "gemma4",
                "chameleon",
                "ufakzeka")) {
            all.add(NamedPreTokenizers.of(name).preTokenizer());
        }
        return all;
    }

    /** Finishes at all only if the time is about linear in the length, and loses nothing. */
    @ParameterizedTest
    @MethodSource("preTokenizers")
    void longLinesAreCutInLinearTime(PreTokenizer preTokenizer) {
        for (String unit : List.of("a", " ", "A", "7", "漢", "\n", "!", "e\u0301", "a b ", "\u0301")) {
            String line = unit.repeat(100_000 / unit.length()) + "x";
            StringBuilder words = new StringBuilder();
            preTokenizer.split(line, true, (word, first) -> words.append(word));
            assertThat(words.toString().equals(line)).as("a line of <%s>", unit).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte-level-added", "llama-bytes", "gemma-like", "unigram-bytes", "wordpiece"})
    void longWordsAreEncodedInLinearTime(String name) {
        Tokenizer tokenizer =
                Tokenizers.ofJson(Fixtures.json(name + ".json").get("tokenizer").toString());
        for (String unit : List.of("a", "the", "the ", "漢")) {
            assertThat(tokenizer.encode(unit.repeat(100_000))).isNotEmpty();
        }
    }
}
