package dev.demotic.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** The members of a JSON object in a request. A member that is null counts as absent; one of the wrong type is blamed by name. */
final class Fields {
    private final JsonNode object;
    private final String path;

    private Fields(JsonNode object, String path) {
        this.object = object;
        this.path = path;
    }

    static Fields of(JsonNode body) {
        if (!body.isObject()) {
            throw ApiException.invalid(null, "the body must be a JSON object, but is " + kind(body));
        }
        return new Fields(body, "");
    }

    /** The object itself. */
    JsonNode json() {
        return object;
    }

    /** A member's full name, as errors give it. */
    String path(String name) {
        return path + name;
    }

    Optional<JsonNode> find(String name) {
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    boolean has(String name) {
        return find(name).isPresent();
    }

    Optional<String> string(String name) {
        return find(name).map(value -> {
            if (!value.isString()) {
                throw wrong(name, "a string", value);
            }
            return value.stringValue();
        });
    }

    String requiredString(String name) {
        return string(name).orElseThrow(() -> missing(name));
    }

    boolean flag(String name, boolean otherwise) {
        return find(name)
                .map(value -> {
                    if (!value.isBoolean()) {
                        throw wrong(name, "true or false", value);
                    }
                    return value.booleanValue();
                })
                .orElse(otherwise);
    }

    Optional<Integer> whole(String name, int least, int most) {
        return wholeLong(name, least, most).map(Math::toIntExact);
    }

    Optional<Long> wholeLong(String name, long least, long most) {
        return find(name).map(value -> {
            boolean isLong = value.isNumber() && value.canConvertToExactIntegral() && value.canConvertToLong();
            if (!isLong || value.longValue() < least || value.longValue() > most) {
                throw wrong(name, "a whole number from " + least + " to " + most, value);
            }
            return value.longValue();
        });
    }

    Optional<Double> real(String name, double least, double most) {
        return find(name).map(value -> {
            if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
                String range = most < Double.MAX_VALUE ? "from " + least + " to " + most : "of at least " + least;
                throw wrong(name, "a number " + range, value);
            }
            return value.doubleValue();
        });
    }

    /** A string, a number or a flag, as text. */
    Optional<String> scalar(String name) {
        return find(name).map(value -> {
            if (!value.isValueNode()) {
                throw wrong(name, "text, a number, or true or false", value);
            }
            return value.asString();
        });
    }

    Optional<Fields> object(String name) {
        return find(name).map(value -> {
            if (!value.isObject()) {
                throw wrong(name, "an object", value);
            }
            return new Fields(value, path + name + ".");
        });
    }

    /** The elements of an array of objects; none if it is absent. */
    List<Fields> objects(String name) {
        return objects(name, "an array");
    }

    /** @param expected what errors say the whole must be */
    List<Fields> objects(String name, String expected) {
        List<Fields> elements = new ArrayList<>();
        for (JsonNode element : array(name, expected)) {
            String elementName = name + "[" + elements.size() + "]";
            if (!element.isObject()) {
                throw wrong(elementName, "an object", element);
            }
            elements.add(new Fields(element, path + elementName + "."));
        }
        return elements;
    }

    /** A string, or an array of strings; none if it is absent. */
    List<String> strings(String name) {
        if (find(name).map(JsonNode::isString).orElse(false)) {
            return List.of(requiredString(name));
        }
        List<String> strings = new ArrayList<>();
        for (JsonNode element : array(name, "a string or an array of strings")) {
            if (!element.isString()) {
                throw wrong(name + "[" + strings.size() + "]", "a string", element);
            }
            strings.add(element.stringValue());
        }
        return strings;
    }

    private List<JsonNode> array(String name, String expected) {
        return find(name)
                .map(value -> {
                    if (!value.isArray()) {
                        throw wrong(name, expected, value);
                    }
                    return List.copyOf(value.values());
                })
                .orElse(List.of());
    }

    ApiException missing(String name) {
        return ApiException.invalid(path(name), path(name) + " is missing");
    }

    ApiException wrong(String name, String expected, JsonNode value) {
        return ApiException.invalid(path(name), path(name) + " must be " + expected + ", but is " + kind(value));
    }

    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT, POJO -> "an object";
            case ARRAY -> "an array";
            case STRING, BINARY -> "a string";
            case NUMBER -> value.asString();
            case BOOLEAN -> value.asString();
            case NULL, MISSING -> "null";
        };
    }
}
