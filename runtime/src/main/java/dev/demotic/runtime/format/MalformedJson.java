package dev.demotic.runtime.format;

import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/** Says what is wrong with a JSON text. */
public final class MalformedJson {
    /** Jackson adds where a bracket was opened, in a form that is for programmers, and mostly unknown. */
    private static final Pattern PLACE = Pattern.compile(" \\([^()]*\\[Source: .*", Pattern.DOTALL);

    private MalformedJson() {}

    /** The reason as part of a sentence, on one line. */
    public static String reason(JacksonException failure) {
        return PLACE.matcher(failure.getOriginalMessage())
                .replaceFirst("")
                .lines()
                .findFirst()
                .orElse("malformed");
    }
}
