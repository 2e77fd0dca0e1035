package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.testing.TinyModel;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What it asks, and how it reads the answer. */
class DigitJudgeTest {
    private static final String TEMPLATE =
            "{% for message in messages %}{{ message['role'][0] + ':' + message['content'] + eos_token }}{% endfor %}"
                    + "{% if add_generation_prompt %}a:{% endif %}";

    private static LanguageModel open(String template) {
        Metadata vocabulary = new Metadata();
        TinyModel model = TinyModel.withVocabulary(ByteWords.describe(vocabulary), 2, 3);
        ByteWords.describe(model.metadata());
        if (!template.isEmpty()) {
            model.metadata().put("tokenizer.chat_template", template);
        }
        return LanguageModel.open(model, ModelOptions.defaults().withThreads(1));
    }

    private static TokenHistory history(Tokenizer tokenizer, String text) {
        TokenHistory history = new TokenHistory(tokenizer.size());
        history.begin(tokenizer.encodeWithSpecials(text));
        return history;
    }

    @Test
    void asksInTurnsWhereTheTextHasSome() {
        try (LanguageModel model = open(TEMPLATE)) {
            Tokenizer tokenizer = model.tokenizer();
            DigitJudge judge = DigitJudge.of(model, DigitJudge.Scoring.GREEDY);
            int[] question = judge.question(history(tokenizer, "u:2 + 2?" + ByteWords.END + "a:First,\n\n"));
            assertThat(question[0])
                    .as("ends the unfinished turn")
                    .isEqualTo(tokenizer.eos().getAsInt());
            assertThat(tokenizer.decode(question))
                    .startsWith("u:Rate the last step")
                    .endsWith("from 0 to 9.a:I think the quality score is: ");
            int[] plain = judge.question(history(tokenizer, "2 + 2?"));
            assertThat(IntStream.of(plain)).noneMatch(tokenizer::isControl);
            assertThat(tokenizer.decode(plain))
                    .startsWith("\n\nRate the last step")
                    .endsWith("from 0 to 9.\n\nI think the quality score is: ");
        }
    }

    @Test
    void asksInPlainTextWithoutATemplate() {
        try (LanguageModel model = open("")) {
            Tokenizer tokenizer = model.tokenizer();
            int[] question = DigitJudge.of(model, DigitJudge.Scoring.GREEDY)
                    .question(history(tokenizer, "2 + 2?" + ByteWords.END));
            assertThat(IntStream.of(question)).noneMatch(tokenizer::isControl);
        }
    }

    @Test
    void aTemplateThatDropsRepliesCannotAsk() {
        try (LanguageModel model = open("{{ messages[0]['content'] }}")) {
            assertThatThrownBy(() -> DigitJudge.of(model, DigitJudge.Scoring.GREEDY))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("leaves replies out");
        }
    }

    @Test
    void onlyDigitsCount() {
        try (LanguageModel model = open("")) {
            Tokenizer tokenizer = model.tokenizer();
            MemorySegment row = Arena.ofAuto().allocate(4L * tokenizer.size(), 64);
            row.setAtIndex(JAVA_FLOAT, tokenizer.id("x").orElseThrow(), 50);
            for (int digit = 0; digit < 10; digit++) {
                int token = tokenizer.id(String.valueOf(digit)).orElseThrow();
                row.setAtIndex(JAVA_FLOAT, token, digit == 8 ? 2f : digit == 3 ? 1f : -100f);
            }
            StepReading reading = new StepReading(new int[] {1, 2}, new int[] {3}, node -> {
                assertThat(node).as("after the question").isEqualTo(3);
                return row;
            });
            assertThat(DigitJudge.of(model, DigitJudge.Scoring.GREEDY).score(reading))
                    .isEqualTo(8);
            double weight = Math.E / (1 + Math.E);
            assertThat(DigitJudge.of(model, DigitJudge.Scoring.MEAN).score(reading))
                    .isCloseTo(8 * weight + 3 * (1 - weight), within(1e-9));
        }
    }
}
