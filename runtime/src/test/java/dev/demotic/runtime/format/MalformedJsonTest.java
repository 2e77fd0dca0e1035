package dev.demotic.runtime.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

class MalformedJsonTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\": [1, 2 | Unexpected end-of-input: expected close marker for Array",
                "{\"a\": [1} | Unexpected close marker '}': expected ']'",
                "{\"a\": | Unexpected end-of-input within/between Object entries",
                "[1 2] | Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
            })
    void saysWhatIsWrongAndNotInWhichSource(String text, String reason) {
        JacksonException failure = catchThrowableOfType(JacksonException.class, () -> new JsonMapper().readTree(text));

        assertThat(MalformedJson.reason(failure)).isEqualTo(reason);
    }
}
