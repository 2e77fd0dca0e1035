package dev.demotic.decoding.speculate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.PlainDecoding;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.testing.TinyModel;
import dev.demotic.runtime.testing.Zoo;
import dev.demotic.runtime.tokenizer.Tokenizer;
import dev.demotic.runtime.tokenizer.Tokenizers;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drafts across vocabularies: of made-up tokenizers, and of the trained pair that has two. */
class ForeignDraftModelTest {
    private static final String[] TARGET_WORDS = {"return", "Ġint", "Ġreturn", "public", "Ġ="};
    private static final String[] DRAFT_WORDS = {"ret", "Ġin", "turn", "Ġpub", "Ġ=", "Ġreturning", "Ġtrue"};
    private static final Tokenizer TARGET = tokenizer(TARGET_WORDS);
    private static final Tokenizer DRAFT = tokenizer(DRAFT_WORDS);
    private static final TokenMap MAP = new TokenMap(DRAFT, TARGET);

    private static Tokenizer tokenizer(String... words) {
        Metadata metadata = new Metadata();
        ByteWords.describe(metadata, words);
        return Tokenizers.of(metadata);
    }

    private static byte[] bytes(Tokenizer tokenizer, IntStream tokens) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        tokens.forEach(token -> bytes.writeBytes(tokenizer.bytes(token)));
        return bytes.toByteArray();
    }

    private static String text(Random random, int words) {
        String[] some = {"return", " int", " returning", "public", " =", " ä", "漢字", "😀", "\n", " turn", "ret", " x"};
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(some[random.nextInt(some.length)]);
        }
        return text.toString();
    }

    @Test
    void theTextIsKeptInTheOtherTokensHoweverItComes() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            String whole = text(random, 1 + random.nextInt(40));
            int[] tokens = TARGET.encode(whole);
            ForeignText foreign = new ForeignText(DRAFT, TARGET, MAP, DRAFT.size());
            TokenHistory history = new TokenHistory(TARGET.size());
            history.begin(new int[0]);
            for (int i = 0; i < tokens.length; i++) {
                history.add(tokens[i]);
                if (i == tokens.length - 1 || random.nextInt(3) == 0) {
                    byte[] read = bytes(TARGET, Arrays.stream(tokens, 0, i + 1));
                    boolean isWhole = new String(read, UTF_8).indexOf('\uFFFD') < 0;
                    assertThat(foreign.catchUp(history)).isEqualTo(isWhole);
                    byte[] known = bytes(
                            DRAFT, IntStream.range(0, foreign.tokens().size()).map(foreign.tokens()::token));
                    assertThat(Arrays.copyOf(read, known.length)).isEqualTo(known);
                    assertThat(read.length - known.length).isBetween(0, isWhole ? 0 : 3);
                }
            }
            assertThat(IntStream.range(0, foreign.tokens().size()).map(foreign.tokens()::token))
                    .containsExactlyElementsOf(
                            Arrays.stream(DRAFT.encode(whole)).boxed().toList());
        }
    }

    @Test
    void controlTokensGoByTheirName() {
        int end = TARGET.id(ByteWords.END).orElseThrow();
        int own = DRAFT.id(ByteWords.END).orElseThrow();
        assertThat(own).isNotEqualTo(end);
        ForeignText foreign = new ForeignText(DRAFT, TARGET, MAP, DRAFT.size());
        TokenHistory history = new TokenHistory(TARGET.size());
        history.begin(IntStream.concat(IntStream.of(TARGET.encode("ret")), IntStream.of(end))
                .toArray());
        history.add(TARGET.encode("urn")[0]);
        foreign.catchUp(history);
        assertThat(DRAFT.bytes(foreign.tokens().token(0))).isEqualTo("ret".getBytes(UTF_8));
        assertThat(foreign.tokens().token(1)).isEqualTo(own);
        int[] draft = {own, DRAFT.encode("x")[0]};
        assertThat(new TextTranslator(DRAFT, TARGET, MAP).translate(draft)).containsExactly(end);
    }

    @Test
    void translationsSayWhatTheDraftSays() {
        NGramTranslator nGrams = new NGramTranslator(DRAFT, TARGET, MAP, 100);
        for (int seed = 0; seed < 200; seed++) {
            String whole = text(new Random(seed), 12);
            int[] draft = DRAFT.encode(whole);
            byte[] said = whole.getBytes(UTF_8);
            assertThat(bytes(TARGET, Arrays.stream(new TextTranslator(DRAFT, TARGET, MAP).translate(draft))))
                    .isEqualTo(said);
            byte[] translated = bytes(TARGET, Arrays.stream(nGrams.translate(draft)));
            assertThat(Arrays.copyOf(said, translated.length)).isEqualTo(translated);
            Arrays.stream(TARGET.encode(whole)).forEach(nGrams::learn);
        }
    }

    @Test
    void learntNGramsBecomeOneTokenAndTheOldestAreForgotten() {
        int[] draft = DRAFT.encode("return");
        assertThat(draft).hasSizeGreaterThan(1);
        int whole = TARGET.id("return").orElseThrow();
        NGramTranslator nGrams = new NGramTranslator(DRAFT, TARGET, MAP, 2);
        assertThat(nGrams.translate(draft)).doesNotContain(whole);
        nGrams.learn(whole);
        assertThat(nGrams.translate(draft)).containsExactly(whole);
        nGrams.learn(TARGET.id("public").orElseThrow());
        nGrams.learn(TARGET.id("Ġint").orElseThrow());
        assertThat(nGrams.size()).isEqualTo(2);
        assertThat(nGrams.translate(draft)).doesNotContain(whole);
    }

    private static LanguageModel model(String[] words, int... layers) {
        int vocabulary = ByteWords.describe(new Metadata(), words);
        TinyModel source = TinyModel.withVocabulary(vocabulary, layers);
        ByteWords.describe(source.metadata(), words);
        return LanguageModel.open(source, ModelOptions.defaults().withThreads(2).withSequences(4));
    }

    /** Random weights speak in random bytes: half characters and bytes that are none come all the time. */
    @Test
    void greedyTextIsThatOfPlainDecoding() {
        try (LanguageModel target = model(TARGET_WORDS, 2, 3);
                LanguageModel draft = model(DRAFT_WORDS, 2)) {
            for (Drafter drafter : List.of(
                    ForeignDraftModel.byText(draft, target),
                    ForeignDraftModel.byNGrams(draft, target, 64),
                    ForeignDraftModel.byIntersection(draft, target, new Chain()),
                    ForeignDraftModel.byIntersection(draft, target, new DynamicTree(3, 12)))) {
                for (int seed = 0; seed < 4; seed++) {
                    int[] prompt = target.tokenizer().encode(text(new Random(seed), 9));
                    for (SamplingSettings settings : List.of(
                            SamplingSettings.greedy(), SamplingSettings.greedy().withPresencePenalty(0.6))) {
                        assertThat(Replies.of(target, new SpeculativeDecoding(drafter, 5), settings, prompt, 40).tokens)
                                .isEqualTo(Replies.of(target, new PlainDecoding(), settings, prompt, 40).tokens);
                    }
                }
            }
        }
    }

    @Test
    void tokenizersThatCannotWorkTogetherAreRefused() {
        assertThatThrownBy(() -> Vocabularies.requireSame(DRAFT, TARGET))
                .isInstanceOf(DemoticException.class)
                .hasMessage("the draft model has 281 tokens and the target 277, so they share no vocabulary;"
                        + " take a draft model with the target's tokenizer, or draft across vocabularies, as method foreign"
                        + " does");
        Tokenizer other = tokenizer("Ġretorn", "Ġint", "return", "public", "Ġ=");
        assertThatThrownBy(() -> Vocabularies.requireSame(other, TARGET))
                .hasMessageContaining("to the draft model and");
        Vocabularies.requireSame(TARGET, tokenizer(TARGET_WORDS));
    }

    private static final Path MEDIUM =
            Path.of("../models/src/main/resources/dev/demotic/models/demotic-medium-q8_0.gguf");
    private static final List<String> CODE = List.of(
            "public class Stack<T> {\n    private final List<T> items = new ArrayList<>();\n",
            "    @Override\n    public int hashCode() {\n",
            "    /** Returns the largest element of an array. */\n    static int max(int[] values) {\n");

    static Stream<String> exchanges() {
        return Stream.of("text", "ngrams", "shared");
    }

    @ParameterizedTest
    @MethodSource("exchanges")
    void aTrainedModelOfAnotherVocabularyDrafts(String exchange) {
        Path folder = Zoo.model("foreign");
        ModelOptions options = ModelOptions.defaults().withContext(512);
        try (LanguageModel target = LanguageModel.open(MEDIUM, options);
                LanguageModel draft = LanguageModel.open(folder, options)) {
            ForeignDraftModel drafter = switch (exchange) {
                case "text" -> ForeignDraftModel.byText(draft, target);
                case "ngrams" -> ForeignDraftModel.byNGrams(draft, target, 4096);
                default -> ForeignDraftModel.byIntersection(draft, target, new Chain());
            };
            Generation plain = Generation.with(target).maxTokens(64);
            List<int[]> expected =
                    CODE.stream().map(prompt -> plain.complete(prompt).tokens()).toList();
            double[] efficiencies = new double[2];
            for (int turn = 0; turn < 2; turn++) {
                SpeculationStatistics sum = SpeculationStatistics.none();
                for (int i = 0; i < CODE.size(); i++) {
                    Reply reply =
                            plain.method(new SpeculativeDecoding(drafter, 5)).complete(CODE.get(i));
                    assertThat(reply.tokens()).isEqualTo(expected.get(i));
                    sum = sum.plus(reply.report(SpeculationStatistics.class).orElseThrow());
                }
                efficiencies[turn] = sum.blockEfficiency();
            }
            assertThat(efficiencies[1]).isGreaterThan(1.5);
            if (exchange.equals("ngrams")) {
                assertThat(efficiencies[1]).as("once it knows the words").isGreaterThan(efficiencies[0]);
            }
        }
    }
}
