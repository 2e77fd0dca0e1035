package dev.demotic.decoding.method;

import dev.demotic.runtime.DemoticException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A setting of a method.
 *
 * @param name as users write it
 * @param kind what values it takes
 * @param defaultValue as users would write it
 * @param description one line
 */
public record Parameter(String name, Kind kind, String defaultValue, String description) {
    /** What values a parameter takes. */
    public sealed interface Kind {
        /** Whole numbers. */
        record Whole(int least, int most) implements Kind {}

        /** Any number from {@code least} to {@code most}. */
        record Real(double least, double most) implements Kind {}

        /** Whole numbers of at least 1, with x between them: 3x2x1. */
        record Levels() implements Kind {}

        /** One of these words. */
        record Choice(List<String> words) implements Kind {}
    }

    static Parameter whole(String name, int value, int least, int most, String description) {
        return new Parameter(name, new Kind.Whole(least, most), String.valueOf(value), description);
    }

    static Parameter real(String name, double value, double least, double most, String description) {
        return new Parameter(name, new Kind.Real(least, most), String.valueOf(value), description);
    }

    static Parameter levels(String name, String value, String description) {
        return new Parameter(name, new Kind.Levels(), value, description);
    }

    static Parameter choice(String name, String description, String... words) {
        return new Parameter(name, new Kind.Choice(List.of(words)), words[0], description);
    }

    /** @throws DemoticException if {@code text} is no value of this parameter */
    void check(String method, String text) {
        boolean fits = switch (kind) {
            case Kind.Whole(int least, int most) ->
                text.matches("[+-]?\\d{1,9}") && Integer.parseInt(text) >= least && Integer.parseInt(text) <= most;
            case Kind.Real(double least, double most) -> {
                double value = number(text);
                yield value >= least && value <= most;
            }
            case Kind.Levels() -> text.matches("[1-9]\\d{0,3}(x[1-9]\\d{0,3})*");
            case Kind.Choice(List<String> words) -> words.contains(text);
        };
        if (!fits) {
            throw new DemoticException(
                    "'%s' is no value for %s of method %s, which takes %s".formatted(text, name, method, values()));
        }
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException noNumber) {
            return Double.NaN;
        }
    }

    /** The values it takes, in words. */
    public String values() {
        return switch (kind) {
            case Kind.Whole(int least, int most) -> "a whole number from " + least + " to " + most;
            case Kind.Real(double least, double most) -> "a number from " + least + " to " + most;
            case Kind.Levels() -> "whole numbers with x between them, such as 3x2x1";
            case Kind.Choice(List<String> words) -> String.join(" or ", words);
        };
    }

    static int[] levelsOf(String text) {
        return Stream.of(text.split("x")).mapToInt(Integer::parseInt).toArray();
    }
}
