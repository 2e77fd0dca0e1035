package dev.demotic.runtime.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What stands behind a dot or in square brackets: attributes, elements, slices, methods. */
final class Attributes {
    private Attributes() {}

    /** {@code target.name}: a method or attribute first, then an item; {@link Undefined} if there is neither. */
    static Object attribute(Object target, String name) {
        if (target instanceof Undefined undefined) {
            throw undefined.failure();
        }
        Object member = member(target, name);
        if (!(member instanceof Undefined)) {
            return member;
        }
        Object value = target instanceof Map<?, ?> dict ? Values.lookup(dict, name) : null;
        return value == null ? member : value;
    }

    /** {@code target[key]}: an item first, then a method or attribute; {@link Undefined} if there is neither. */
    static Object item(Object target, Object key) {
        return switch (target) {
            case Undefined undefined -> throw undefined.failure();
            case Map<?, ?> dict
            when !Values.isUnhashable(key) -> {
                Object value = Values.lookup(dict, key);
                yield value == null ? otherItem(target, key) : value;
            }
            case List<?> list
            when key instanceof Long || key instanceof Boolean -> element(list, list.size(), key, list::get);
            case String text
            when key instanceof Long || key instanceof Boolean ->
                element(text, Characters.length(text), key, at -> Characters.slice(text, at, at + 1));
            default -> otherItem(target, key);
        };
    }

    private static Object otherItem(Object target, Object key) {
        return key instanceof String name ? member(target, name) : Undefined.attribute(target, key);
    }

    private static Object element(Object target, int size, Object key, java.util.function.IntFunction<Object> element) {
        long index = Values.integer(key, "an index");
        long at = index < 0 ? index + size : index;
        return at >= 0 && at < size ? element.apply((int) at) : Undefined.attribute(target, key);
    }

    /** An attribute path such as {@code function.name} or {@code 0.role}, as filters take it. */
    static Object path(Object target, Object path) {
        if (!(path instanceof String text)) {
            return item(target, path);
        }
        Object value = target;
        for (String part : text.split("\\.", -1)) {
            boolean index =
                    !part.isEmpty() && part.length() < 18 && part.codePoints().allMatch(Character::isDigit);
            value = item(value, index ? (Object) Long.valueOf(part) : part);
        }
        return value;
    }

    /** A method or attribute, never an item; {@link Undefined} if there is none. */
    static Object member(Object target, String name) {
        if (name.startsWith("__") || isMutator(target, name)) {
            return new Undefined("'" + name + "' of a " + Values.typeName(target)
                    + " is not for templates, which can neither change values nor see their insides");
        }
        Callable method = null;
        switch (target) {
            case String text -> method = StringMethods.find(text, name);
            case Markup markup -> method = StringMethods.find(markup.text(), name);
            case Tuple tuple
            when tuple.hasName(name) -> {
                return tuple.named(name);
            }
            case List<?> list -> method = CollectionMethods.find(list, name);
            case Map<?, ?> dict -> method = CollectionMethods.find(dict, name);
            case Namespace namespace -> {
                return namespace.get(name);
            }
            case Loop loop -> {
                return loop.get(name);
            }
            case Cycler cycler -> {
                return cycler.get(name);
            }
            case Macro macro -> {
                return macro.get(name);
            }
            default -> {}
        }
        return method == null ? Undefined.attribute(target, name) : method;
    }

    private static boolean isMutator(Object target, String name) {
        return switch (name) {
            case "clear", "pop" -> target instanceof Map || isPlainList(target);
            case "popitem", "setdefault", "update" -> target instanceof Map;
            case "append", "reverse", "insert", "sort", "extend", "remove" -> isPlainList(target);
            default -> false;
        };
    }

    private static boolean isPlainList(Object target) {
        return target instanceof List && !(target instanceof Tuple) && !(target instanceof Range);
    }

    /** {@code target[start:stop:step]} of a string or list. */
    static Object slice(Object target, Object start, Object stop, Object step) {
        return switch (target) {
            case Undefined undefined -> throw undefined.failure();
            case String text -> {
                int[] characters = text.codePoints().toArray();
                StringBuilder out = new StringBuilder();
                for (int at : indexes(characters.length, start, stop, step)) {
                    out.appendCodePoint(characters[at]);
                }
                yield out.toString();
            }
            case List<?> list -> {
                List<Object> out = new ArrayList<>();
                for (int at : indexes(list.size(), start, stop, step)) {
                    out.add(list.get(at));
                }
                yield target instanceof Tuple ? new Tuple(out) : out;
            }
            default -> throw new TemplateException("'" + Values.typeName(target) + "' object cannot be sliced");
        };
    }

    private static int[] indexes(int size, Object start, Object stop, Object step) {
        long stride = step == None.NONE ? 1 : Values.integer(step, "the step of a slice");
        if (stride == 0) {
            throw new TemplateException("the step of a slice must not be 0");
        }
        long lowest = stride > 0 ? 0 : -1;
        long highest = stride > 0 ? size : size - 1;
        long from = start == None.NONE ? stride > 0 ? lowest : highest : bound(start, size, lowest, highest);
        long to = stop == None.NONE ? stride > 0 ? highest : lowest : bound(stop, size, lowest, highest);
        long count = stride > 0 ? (to - from + stride - 1) / stride : (from - to - stride - 1) / -stride;
        if (Math.abs(stride) > size) {
            count = stride > 0 ? from < to ? 1 : 0 : from > to ? 1 : 0;
        }
        int[] indexes = new int[(int) Math.max(0, count)];
        Budget.growList(indexes.length);
        for (int i = 0; i < indexes.length; i++) {
            indexes[i] = (int) (from + i * stride);
        }
        return indexes;
    }

    private static long bound(Object index, int size, long lowest, long highest) {
        long at = Values.integer(index, "the bound of a slice");
        return Math.clamp(at < 0 ? at + size : at, lowest, highest);
    }
}
