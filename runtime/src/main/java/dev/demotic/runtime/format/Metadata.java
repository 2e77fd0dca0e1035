package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The key-value part of a model file, in file order, each value with its GGUF type.
 *
 * <p>Getters without a default throw a {@link DemoticException} that names the key when it is missing or of another kind.
 */
public final class Metadata {
    /** GGUF's value types; the ordinal is the id in the file. */
    public enum Type {
        UINT8,
        INT8,
        UINT16,
        INT16,
        UINT32,
        INT32,
        FLOAT32,
        BOOL,
        STRING,
        ARRAY,
        UINT64,
        INT64,
        FLOAT64
    }

    /**
     * One value.
     *
     * @param type the value's type; {@link Type#ARRAY} for arrays
     * @param elementType type of the elements for an array, else the same as {@code type}
     * @param value integers up to 32 bits signed as Integer, UINT32 and 64-bit ones as Long, FLOAT32 as Float, FLOAT64 as
     *     Double, BOOL as Boolean, STRING as String; arrays as byte[], short[], int[], long[], float[], double[], boolean[]
     *     or String[] by element width, nested arrays as Value[]
     */
    public record Value(Type type, Type elementType, Object value) {}

    private final Map<String, Value> values = new LinkedHashMap<>();

    public Map<String, Value> values() {
        return Collections.unmodifiableMap(values);
    }

    public Metadata put(String key, Value value) {
        values.put(key, value);
        return this;
    }

    public Metadata put(String key, String value) {
        return put(key, new Value(Type.STRING, Type.STRING, value));
    }

    /** Stores an unsigned 32-bit integer, the type that GGUF uses for counts and sizes. */
    public Metadata put(String key, long value) {
        return put(key, new Value(Type.UINT32, Type.UINT32, value));
    }

    public Metadata put(String key, float value) {
        return put(key, new Value(Type.FLOAT32, Type.FLOAT32, value));
    }

    public Metadata put(String key, boolean value) {
        return put(key, new Value(Type.BOOL, Type.BOOL, value));
    }

    public Metadata put(String key, String[] values) {
        return put(key, new Value(Type.ARRAY, Type.STRING, values));
    }

    public Metadata put(String key, int[] values) {
        return put(key, new Value(Type.ARRAY, Type.INT32, values));
    }

    public Metadata put(String key, float[] values) {
        return put(key, new Value(Type.ARRAY, Type.FLOAT32, values));
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public String string(String key) {
        return required(key, find(key, String.class), "a string");
    }

    public Optional<String> findString(String key) {
        return Optional.ofNullable(find(key, String.class));
    }

    public int integer(String key) {
        Number number = required(key, find(key, Number.class), "a number");
        long value = number.longValue();
        if (value != (int) value) {
            throw new DemoticException("metadata key " + key + " is " + value + ", which is out of range");
        }
        return (int) value;
    }

    public int integer(String key, int otherwise) {
        return has(key) ? integer(key) : otherwise;
    }

    public float number(String key) {
        return required(key, find(key, Number.class), "a number").floatValue();
    }

    public float number(String key, float otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    public boolean flag(String key, boolean otherwise) {
        return has(key) ? required(key, find(key, Boolean.class), "true or false") : otherwise;
    }

    public String[] strings(String key) {
        return required(key, find(key, String[].class), "a list of strings");
    }

    /** An array of integers of any width as int[], or a single integer as an array of one. */
    public int[] integers(String key) {
        Value value = values.get(key);
        return switch (value == null ? null : value.value()) {
            case int[] ints -> ints;
            case Number number -> new int[] {number.intValue()};
            case byte[] bytes -> widen(bytes.length, i -> bytes[i]);
            case short[] shorts -> widen(shorts.length, i -> shorts[i]);
            case long[] longs
            when Arrays.stream(longs).allMatch(wide -> wide == (int) wide) -> widen(longs.length, i -> (int) longs[i]);
            case boolean[] flags -> widen(flags.length, i -> flags[i] ? 1 : 0);
            case null, default -> required(key, (int[]) null, "a list of integers");
        };
    }

    public float[] numbers(String key) {
        return required(key, find(key, float[].class), "a list of numbers");
    }

    private static int[] widen(int length, IntUnaryOperator element) {
        return IntStream.range(0, length).map(element).toArray();
    }

    private <T> @Nullable T find(String key, Class<T> kind) {
        Value value = values.get(key);
        return value != null && kind.isInstance(value.value()) ? kind.cast(value.value()) : null;
    }

    private <T> T required(String key, @Nullable T value, String kind) {
        if (value == null) {
            throw new DemoticException(
                    has(key)
                            ? "metadata key " + key + " is not " + kind
                            : "metadata key " + key + " is missing; the file is incomplete");
        }
        return value;
    }
}
