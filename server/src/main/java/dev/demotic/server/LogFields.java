package dev.demotic.server;

import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A line of the log as names and values: {@code name=value} for people, an object for {@link LogFormat#JSON}.
 *
 * @param values by name, in order
 */
record LogFields(Map<String, @Nullable Object> values) {
    @Override
    public String toString() {
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + quoted(String.valueOf(entry.getValue())))
                .collect(Collectors.joining(" "));
    }

    private static String quoted(String value) {
        return value.matches("[^\\s\"=]+") ? value : Json.text(value);
    }
}
