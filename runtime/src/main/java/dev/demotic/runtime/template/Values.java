package dev.demotic.runtime.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of a template and what Python does with any of them: truth, equality, order, length, iteration.
 *
 * <p>A value is {@link None}, {@link Undefined}, a Boolean, Long, BigInteger (beyond the range of long only), Double,
 * String, List, {@link Tuple}, Map, or one of this package's own classes. Nothing else of the host is ever seen.
 */
final class Values {
    private static final int DEEPEST = 200;

    private Values() {}

    /** A host's value as a template's, copied; null is {@code none}. */
    static Object from(@Nullable Object host) {
        return from(host, 0);
    }

    private static Object from(@Nullable Object host, int depth) {
        if (depth > DEEPEST) {
            throw new TemplateException("a value given to the chat template is nested more than " + DEEPEST + " deep");
        }
        return switch (host) {
            case null -> None.NONE;
            case String text -> text;
            case Boolean flag -> flag;
            case Byte number -> number.longValue();
            case Short number -> number.longValue();
            case Integer number -> number.longValue();
            case Long number -> number;
            case BigInteger number -> Arithmetic.normal(number);
            case Float number -> number.doubleValue();
            case Double number -> number;
            case java.math.BigDecimal number -> number.doubleValue();
            case ChatMessage message -> from(message.fields(), depth);
            case Map<?, ?> map -> {
                Map<Object, Object> copy = LinkedHashMap.newLinkedHashMap(map.size());
                map.forEach((key, value) -> copy.put(from(key, depth + 1), from(value, depth + 1)));
                yield copy;
            }
            case Collection<?> collection -> {
                List<Object> copy = new ArrayList<>(collection.size());
                collection.forEach(element -> copy.add(from(element, depth + 1)));
                yield copy;
            }
            default ->
                throw new TemplateException("a value of " + host.getClass().getName()
                        + " cannot be given to a chat template; use maps, lists, strings, numbers and booleans");
        };
    }

    /** How many characters and elements a value holds, to size a {@link Budget}. */
    static long weight(Object value) {
        return switch (value) {
            case String text -> text.length();
            case List<?> list -> list.stream().mapToLong(Values::weight).sum() + 1;
            case Map<?, ?> map ->
                map.entrySet().stream()
                                .mapToLong(entry -> weight(entry.getKey()) + weight(entry.getValue()))
                                .sum()
                        + 1;
            default -> 1;
        };
    }

    /** Python's name for the type of a value. */
    static String typeName(Object value) {
        return switch (value) {
            case None _ -> "NoneType";
            case Undefined _ -> "Undefined";
            case String _ -> "str";
            case Markup _ -> "Markup";
            case Boolean _ -> "bool";
            case Long _ -> "int";
            case BigInteger _ -> "int";
            case Double _ -> "float";
            case Tuple _ -> "tuple";
            case Range _ -> "range";
            case List<?> _ -> "list";
            case Map<?, ?> _ -> "dict";
            case Generator _ -> "generator";
            case DictView view -> view.kind();
            case Namespace _ -> "Namespace";
            case Loop _ -> "LoopContext";
            case Macro _ -> "Macro";
            case Cycler _ -> "Cycler";
            default -> "function";
        };
    }

    static boolean truth(Object value) {
        return switch (value) {
            case Boolean flag -> flag;
            case None _ -> false;
            case Undefined _ -> false;
            case String text -> !text.isEmpty();
            case Markup markup -> !markup.text().isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case DictView view -> !view.elements().isEmpty();
            default -> true;
        };
    }

    /** {@code len(value)}, in code points for a string. */
    static long length(Object value) {
        return switch (value) {
            case String text -> Characters.length(text);
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case DictView view -> view.elements().size();
            case Loop loop -> loop.length();
            case Undefined _ -> 0;
            default -> throw new TemplateException("object of type '" + typeName(value) + "' has no len()");
        };
    }

    static boolean isIterable(Object value) {
        return switch (value) {
            case String _ -> true;
            case List<?> _ -> true;
            case Map<?, ?> _ -> true;
            case DictView _ -> true;
            case Generator _ -> true;
            case Undefined _ -> true;
            default -> false;
        };
    }

    /** The elements of a list, keys of a dict, characters of a string; each step is paid from the {@link Budget}. */
    static Iterator<Object> iterate(Object value) {
        return switch (value) {
            case String text ->
                metered(text.codePoints().<Object>mapToObj(Character::toString).iterator());
            case List<?> list -> metered(list.iterator());
            case Map<?, ?> map -> metered(map.keySet().iterator());
            case DictView view -> metered(view.elements().iterator());
            case Generator generator -> generator.iterator();
            case Undefined _ -> List.of().iterator();
            default -> throw new TemplateException("'" + typeName(value) + "' object is not iterable");
        };
    }

    private static Iterator<Object> metered(Iterator<?> elements) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return elements.hasNext();
            }

            @Override
            public Object next() {
                Budget.step(1);
                return elements.next();
            }
        };
    }

    /** {@code list(value)}: its elements, walked now. */
    static List<Object> list(Object value) {
        List<Object> elements = new ArrayList<>();
        for (Iterator<Object> rest = iterate(value); rest.hasNext(); ) {
            Budget.growList(1);
            elements.add(rest.next());
        }
        return elements;
    }

    /** Each key of a dict with its value, as tuples. */
    static List<Object> items(Map<?, ?> dict) {
        Budget.growList(4L * dict.size());
        List<Object> items = new ArrayList<>(dict.size());
        dict.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return items;
    }

    @SuppressWarnings("ReferenceEquality") // a shortcut
    static boolean equal(Object left, Object right) {
        if (left == right && !(left instanceof Double)) {
            return true;
        }
        Budget.step(1);
        if (Arithmetic.isNumber(left) && Arithmetic.isNumber(right)) {
            return Arithmetic.compare(left, right) == 0 && !Arithmetic.isNan(left) && !Arithmetic.isNan(right);
        }
        return switch (left) {
            case String text -> {
                Budget.step(text.length() / 64);
                yield text.equals(right);
            }
            case List<?> list -> right instanceof List<?> other && sameKind(list, other) && sameElements(list, other);
            case Map<?, ?> map -> right instanceof Map<?, ?> other && sameEntries(map, other);
            case Undefined _ -> right instanceof Undefined;
            case DictView view -> right instanceof DictView other && sameElements(view.elements(), other.elements());
            default -> false;
        };
    }

    private static boolean sameKind(List<?> left, List<?> right) {
        return typeName(left).equals(typeName(right));
    }

    private static boolean sameElements(List<?> left, List<?> right) {
        if (left.size() != right.size()) {
            return false;
        }
        Iterator<?> others = right.iterator();
        for (Object element : left) {
            if (!equal(element, others.next())) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameEntries(Map<?, ?> left, Map<?, ?> right) {
        if (left.size() != right.size()) {
            return false;
        }
        for (Map.Entry<?, ?> entry : left.entrySet()) {
            Object other = right.get(entry.getKey());
            if (other == null || !equal(entry.getValue(), other)) {
                return false;
            }
        }
        return true;
    }

    /** {@code left < right} as a sign; an error where Python knows no order. */
    static int compare(Object left, Object right) {
        Budget.step(1);
        if (Arithmetic.isNumber(left) && Arithmetic.isNumber(right)) {
            return Arithmetic.compare(left, right);
        }
        if (left instanceof String text && right instanceof String other) {
            Budget.step(Math.min(text.length(), other.length()) / 64);
            return compareCodePoints(text, other);
        }
        if (left instanceof List<?> list && right instanceof List<?> other && sameKind(list, other)) {
            for (int i = 0; i < Math.min(list.size(), other.size()); i++) {
                if (!equal(list.get(i), other.get(i))) {
                    return compare(list.get(i), other.get(i));
                }
            }
            return Integer.compare(list.size(), other.size());
        }
        if (left instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (right instanceof Undefined undefined) {
            throw undefined.failure();
        }
        throw new TemplateException(
                "'" + typeName(left) + "' and '" + typeName(right) + "' cannot be ordered against each other");
    }

    private static int compareCodePoints(String left, String right) {
        int i = 0;
        while (i < left.length() && i < right.length()) {
            int a = left.codePointAt(i);
            int b = right.codePointAt(i);
            if (a != b) {
                return Integer.compare(a, b);
            }
            i += Character.charCount(a);
        }
        return Integer.compare(left.length(), right.length());
    }

    /** {@code element in container}. */
    static boolean contains(Object container, Object element) {
        return switch (container) {
            case String text -> {
                if (!(element instanceof String part)) {
                    throw new TemplateException(
                            "'in <string>' requires string as left operand, not " + typeName(element));
                }
                Budget.search(text.length(), part.length());
                yield text.contains(part);
            }
            case Map<?, ?> map -> lookup(map, element) != null;
            default -> {
                if (!isIterable(container)) {
                    throw new TemplateException("argument of type '" + typeName(container) + "' is not iterable");
                }
                for (Iterator<Object> rest = iterate(container); rest.hasNext(); ) {
                    if (equal(rest.next(), element)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    /** The value under a key of a dict, where numbers that are equal are the same key; null if there is none. */
    static @Nullable Object lookup(Map<?, ?> dict, Object key) {
        return dict.get(storedKey(dict, key));
    }

    /** Puts a value under a key, which stays as it was first written. */
    static void put(Map<Object, Object> dict, Object key, Object value) {
        dict.put(storedKey(dict, key), value);
    }

    private static Object storedKey(Map<?, ?> dict, Object key) {
        if (isUnhashable(key)) {
            throw new TemplateException("unhashable type: '" + typeName(key) + "'");
        }
        if (Arithmetic.isNumber(key) && !dict.containsKey(key)) {
            for (Object stored : dict.keySet()) {
                if (equal(stored, key)) {
                    return stored;
                }
            }
        }
        return key;
    }

    /** True for what cannot be the key of a dict. */
    static boolean isUnhashable(Object value) {
        return value instanceof Map || value instanceof List && !(value instanceof Tuple) && !(value instanceof Range);
    }

    static String string(Object value, String what) {
        return switch (value) {
            case String text -> text;
            case Undefined undefined -> throw undefined.failure();
            default -> throw new TemplateException(what + " must be a string, not " + typeName(value));
        };
    }

    static long integer(Object value, String what) {
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case BigInteger number -> number.signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
            case Undefined undefined -> throw undefined.failure();
            default -> throw new TemplateException(what + " must be an integer, not " + typeName(value));
        };
    }
}
