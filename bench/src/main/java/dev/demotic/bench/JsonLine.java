package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.MalformedJson;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A value of a JSON Lines file.
 *
 * @param file as the user knows it
 * @param number of the line, from 1
 * @param value what is on it
 */
record JsonLine(String file, int number, JsonNode value) {
    private static final JsonMapper MAPPER = new JsonMapper();

    /**
     * The lines of a file's text that are not blank.
     *
     * @throws DemoticException if one is no JSON
     */
    static List<JsonLine> of(String file, String text) {
        List<JsonLine> values = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            if (!line.isBlank()) {
                values.add(read(file, number, line));
            }
        }
        return values;
    }

    private static JsonLine read(String file, int number, String line) {
        try {
            return new JsonLine(file, number, MAPPER.readTree(line));
        } catch (JacksonException e) {
            throw new DemoticException(
                    "line %d of %s is no JSON (%s)".formatted(number, file, MalformedJson.reason(e)), e);
        }
    }

    /** What to throw where a value is not what it must be. */
    DemoticException refusal(String lack) {
        return new DemoticException("line %d of %s %s".formatted(number, file, lack));
    }
}
