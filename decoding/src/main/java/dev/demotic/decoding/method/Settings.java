package dev.demotic.decoding.method;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.Map;
import java.util.Optional;

/**
 * What a method is set up with: checked values of all its parameters, and the draft model, which stays the caller's to close.
 *
 * @param values by name of parameter
 * @param draftModel if there is one
 */
public record Settings(Map<String, String> values, Optional<LanguageModel> draftModel) {
    public int whole(String name) {
        return Integer.parseInt(text(name));
    }

    public double real(String name) {
        return Double.parseDouble(text(name));
    }

    public int[] levels(String name) {
        return Parameter.levelsOf(text(name));
    }

    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the method has no parameter " + name);
        }
        return value;
    }

    /** @throws DemoticException if there is none */
    public LanguageModel draft() {
        return draftModel.orElseThrow(
                () -> new DemoticException("the method needs a draft model; name one with --draft"));
    }
}
