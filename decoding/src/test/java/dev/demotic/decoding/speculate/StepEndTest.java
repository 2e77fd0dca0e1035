package dev.demotic.decoding.speculate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where steps end, by the bytes of tokens: pieces with | between them, n for a line feed and r for a carriage return. */
class StepEndTest {
    @ParameterizedTest
    @CsvSource({
        "A|nn|B, 1, 1",
        "A|n|n|B, 2, 1",
        "A|.nn|B, 1, 1",
        "A.n|n B|C, 1, 0",
        "A|.nnnB|C, 1, 1",
        "A|n|B|n|n, 4, 1",
        "A|n| |n|n, 4, 1",
        "A|rnrn|B, 1, 1",
        "A|r|n|r|n|B, 4, 2",
        "A|B|C, -1, -1",
        "n|n|nn|A|nn, 4, 4",
        " |nn|A|n, -1, 3",
        "nnAnn|B, 0, 0"
    })
    void aStepEndsWithTheTokenThatCompletesTheBreak(String pieces, int blankLine, int line) {
        assertThat(end(StepEnd.BLANK_LINE, pieces)).isEqualTo(blankLine);
        assertThat(end(StepEnd.LINE, pieces)).isEqualTo(line);
    }

    private static int end(StepEnd end, String pieces) {
        String[] tokens = pieces.replace('n', '\n').replace('r', '\r').split("\\|");
        StepEnd.Watch watch = end.watch(token -> tokens[token].getBytes(UTF_8));
        return IntStream.range(0, tokens.length)
                .filter(watch::endsWith)
                .findFirst()
                .orElse(-1);
    }
}
