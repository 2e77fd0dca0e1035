package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasoningProblemTest {
    @TempDir
    Path folder;

    private List<ReasoningProblem> read(String text) throws IOException {
        return ReasoningProblem.read(Files.writeString(folder.resolve("problems.jsonl"), text));
    }

    @Test
    void readsQuestionsWithTheirNumbers() throws IOException {
        List<ReasoningProblem> problems = read("""
                {"question": "Ann has 3 pens and buys 4. How many has she?", "answer": "3 + 4 = <<3+4=7>>7\\n#### 7"}

                {"question": "A car costs $1,200 and a tenth more in tax. How much in all?", "answer": "#### $1,320.0"}
                """);
        assertThat(problems)
                .containsExactly(
                        new ReasoningProblem(1, "Ann has 3 pens and buys 4. How many has she?", new BigDecimal("7")),
                        new ReasoningProblem(
                                3,
                                "A car costs $1,200 and a tenth more in tax. How much in all?",
                                new BigDecimal("1320.0")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "So 1,320 in all. #### 1,320 | true",
                "#### 1320.00 | true",
                "####$1320 | true",
                "#### 12 or rather #### 1320 | true",
                "#### 1320 or rather #### 12 | false",
                "#### -1320 | false",
                "It is 1320. | false",
                "#### none | false",
                "'' | false"
            })
    void aReplyIsRightIfItsLastNumberIs(String reply, boolean isRight) {
        assertThat(new ReasoningProblem(1, "?", new BigDecimal("1320")).isSolvedBy(reply))
                .isEqualTo(isRight);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "nonsense | line 1 of .* is no JSON",
                "{'question': [1 | line 1 of .* is no JSON \\(Unexpected end-of-input: expected close marker for Array\\)",
                "{'question': 'How many?'} | line 1 of .* needs a question, and an answer that ends with #### and a number",
                "{'question': '', 'answer': '#### 1'} | needs a question",
                "\" \" | holds no problems"
            })
    void refusesInOneSentence(String line, String message) {
        assertThatThrownBy(() -> read(line.replace('\'', '"')))
                .isInstanceOf(DemoticException.class)
                .hasMessageMatching("(?s).*" + message + ".*");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> ReasoningProblem.read(folder.resolve("absent.jsonl")))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("absent.jsonl");
    }
}
