package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.MalformedJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON object of a model folder, or an object inside one, whose getters name file and key when a value does not fit.
 *
 * <p>A key whose value is null counts as left out, as it does for Hugging Face's configuration classes.
 *
 * @param file the file, for messages
 * @param prefix the path inside the file up to this object, such as {@code text_config.}; empty at the top
 * @param root the object
 */
record Config(Path file, String prefix, JsonNode root) {
    /** What no JSON file of a model folder exceeds; the largest vocabularies take some 40 MB. */
    private static final long LARGEST_FILE = 512L << 20;

    private static final int LARGEST_COUNT = 1 << 28;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** Reads a file that the folder must have. */
    static Config read(Path file) {
        return parse(file, text(file));
    }

    /** Reads a file that the folder may have; an empty object where it has none. */
    static Config readIfThere(Path file) {
        return Files.exists(file) ? read(file) : empty(file);
    }

    static Config parse(Path file, String json) {
        try {
            JsonNode root = JSON.readTree(json);
            if (!root.isObject()) {
                throw new DemoticException(file + " holds no JSON object; download it again");
            }
            return new Config(file, "", root);
        } catch (JacksonException e) {
            throw new DemoticException(
                    file + " is no valid JSON (" + MalformedJson.reason(e) + "); download it again", e);
        }
    }

    static Config empty(Path file) {
        return new Config(file, "", JSON.createObjectNode());
    }

    /** The text of a file of the folder. */
    static String text(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new DemoticException(file + " is missing; a model folder needs it");
        }
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new DemoticException(file + " is larger than " + (LARGEST_FILE >> 20)
                        + " MiB, which no such file of a model is; download it again");
            }
            return decode(Files.readAllBytes(file));
        } catch (CharacterCodingException e) {
            throw new DemoticException(file + " is no UTF-8 text; download it again", e);
        } catch (IOException e) {
            throw new DemoticException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    static String decode(byte[] utf8) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    }

    /** True if the key is there with a value other than null. */
    boolean has(String key) {
        return root.hasNonNull(key);
    }

    /** True if the key is there, even if its value is null. */
    boolean mentions(String key) {
        return root.has(key);
    }

    JsonNode node(String key) {
        return root.path(key);
    }

    /** A size or count: a whole number of at least 1. */
    int count(String key, int otherwise) {
        return whole(key, otherwise, 1, LARGEST_COUNT);
    }

    /** A whole number within bounds. */
    int whole(String key, int otherwise, int least, int most) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode node = node(key);
        double value = node.isNumber() ? node.doubleValue() : Double.NaN;
        if (value != Math.rint(value) || value < least || value > most) {
            throw misfit(key, "a whole number from " + least + " to " + most);
        }
        return (int) value;
    }

    /** A finite number. */
    double number(String key, double otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode node = node(key);
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw misfit(key, "a number");
        }
        return node.doubleValue();
    }

    /** A finite number above zero. */
    double positive(String key, double otherwise) {
        double value = number(key, otherwise);
        if (has(key) && value <= 0) {
            throw misfit(key, "a number above zero");
        }
        return value;
    }

    float[] numbers(String key) {
        JsonNode node = node(key);
        if (!node.isArray()) {
            throw misfit(key, "a list of numbers");
        }
        float[] values = new float[node.size()];
        for (int i = 0; i < values.length; i++) {
            if (!node.get(i).isNumber() || !Float.isFinite(node.get(i).floatValue())) {
                throw misfit(key, "a list of numbers");
            }
            values[i] = node.get(i).floatValue();
        }
        return values;
    }

    boolean flag(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        if (!node(key).isBoolean()) {
            throw misfit(key, "true or false");
        }
        return node(key).booleanValue();
    }

    Optional<String> string(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!node(key).isString()) {
            throw misfit(key, "a string");
        }
        return Optional.of(node(key).stringValue());
    }

    /** The object under this key; an empty one if it is left out. */
    Config object(String key) {
        if (has(key) && !node(key).isObject()) {
            throw misfit(key, "an object");
        }
        return new Config(file, prefix + key + ".", has(key) ? node(key) : JSON.createObjectNode());
    }

    boolean isEmpty() {
        return root.isEmpty();
    }

    DemoticException misfit(String key, String wanted) {
        return new DemoticException(file
                + (mentions(key)
                        ? " gives " + prefix + key + " as " + given(key) + ", but it must be "
                        : " leaves out " + prefix + key + ", which must be ")
                + wanted);
    }

    /** A setting that is valid but that Demotic cannot honour. */
    DemoticException unsupported(String key, String advice) {
        return new DemoticException(
                file + " asks for " + prefix + key + " " + given(key) + ", which Demotic does not support; " + advice);
    }

    private String given(String key) {
        String json = node(key).toString();
        return json.length() > 60 ? json.substring(0, 60) + "..." : json;
    }
}
