package dev.demotic.decoding.method;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A method as a user asks for it: {@code NAME} or {@code NAME:PARAMETER=VALUE,PARAMETER=VALUE}.
 *
 * @param method the method
 * @param given the values that differ from their defaults or were named
 */
public record MethodCall(Method method, Map<String, String> given) {
    /** @throws DemoticException if there is no such method or parameter, or a value does not fit */
    public static MethodCall parse(String text) {
        int colon = text.indexOf(':');
        Method method = Methods.named(
                colon < 0 ? text.strip() : text.substring(0, colon).strip());
        Map<String, String> given = new LinkedHashMap<>();
        if (colon >= 0) {
            for (String part : text.substring(colon + 1).split(",", -1)) {
                String[] sides = part.split("=", 2);
                if (sides.length < 2) {
                    throw new DemoticException("'%s' of --method %s sets no parameter; write NAME:PARAMETER=VALUE,..."
                            .formatted(part.strip(), text));
                }
                String name = sides[0].strip();
                parameter(method, name).check(method.name(), sides[1].strip());
                if (given.put(name, sides[1].strip()) != null) {
                    throw new DemoticException(
                            "method %s is given %s twice; give it once".formatted(method.name(), name));
                }
            }
        }
        return new MethodCall(method, given);
    }

    private static Parameter parameter(Method method, String name) {
        List<Parameter> known = method.parameters();
        return known.stream()
                .filter(parameter -> parameter.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new DemoticException("method %s has no parameter '%s'; it has %s"
                        .formatted(
                                method.name(),
                                name,
                                known.isEmpty()
                                        ? "none"
                                        : known.stream().map(Parameter::name).collect(Collectors.joining(", ")))));
    }

    /**
     * Sets the method up.
     *
     * @throws DemoticException if it needs a draft model and has none, or the other way round, or cannot work with these models
     */
    public DecodingMethod decoding(LanguageModel target, Optional<LanguageModel> draft) {
        requireDraft(draft.isPresent());
        Map<String, String> values = new LinkedHashMap<>();
        method.parameters().forEach(parameter -> values.put(parameter.name(), parameter.defaultValue()));
        values.putAll(given);
        return method.maker().make(target, new Settings(values, draft));
    }

    /** @throws DemoticException if a draft model is needed and not there, or there and of no use */
    public void requireDraft(boolean isThere) {
        if (method.draft().isRequired() && !isThere) {
            throw new DemoticException(
                    "method " + method.name() + " needs a draft model; name one with --draft, or take --method auto");
        }
        if (method.draft() == DraftUse.NONE && isThere) {
            throw new DemoticException("method " + method.name()
                    + " has no use for a draft model; leave out --draft, or take another method");
        }
    }

    /** As a user would write it. */
    @Override
    public String toString() {
        String values = given.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(","));
        return values.isEmpty() ? method.name() : method.name() + ":" + values;
    }
}
