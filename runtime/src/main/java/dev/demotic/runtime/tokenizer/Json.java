package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** Reads the components of a tokenizer.json, where each wrong or missing part is an error that names it. */
final class Json {
    private Json() {}

    static String type(JsonNode component) {
        return string(component, "type");
    }

    static String string(JsonNode component, String key) {
        JsonNode value = component.path(key);
        if (!value.isString()) {
            throw malformed(component, key, "a string");
        }
        return value.stringValue();
    }

    /** The only character of a string. */
    static char character(JsonNode component, String key) {
        String value = string(component, key);
        if (value.length() != 1) {
            throw malformed(component, key, "a single character");
        }
        return value.charAt(0);
    }

    static boolean flag(JsonNode component, String key, boolean otherwise) {
        JsonNode value = component.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw malformed(component, key, "true or false");
        }
        return value.booleanValue();
    }

    /** A number that is not negative. */
    static int count(JsonNode component, String key) {
        JsonNode value = component.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw malformed(component, key, "a number from 0 on");
        }
        return value.intValue();
    }

    static <T> List<T> list(JsonNode component, String key, Function<JsonNode, T> element) {
        JsonNode values = component.path(key);
        if (!values.isArray()) {
            throw malformed(component, key, "a list");
        }
        List<T> list = new ArrayList<>();
        for (JsonNode value : values) {
            list.add(element.apply(value));
        }
        return list;
    }

    static boolean isAbsent(JsonNode component) {
        return component.isMissingNode() || component.isNull();
    }

    static DemoticException unsupported(String kind, JsonNode component) {
        return new DemoticException(
                "tokenizer.json uses the " + kind + " " + component.path("type").asString("without a type")
                        + ", which Demotic does not have; use a model with another tokenizer, or its GGUF file");
    }

    private static DemoticException malformed(JsonNode component, String key, String kind) {
        return new DemoticException("in tokenizer.json, " + key + " of "
                + component.path("type").asString("a component") + " is not " + kind + "; get the file again");
    }
}
