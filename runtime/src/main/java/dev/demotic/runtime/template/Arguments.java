package dev.demotic.runtime.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a call, evaluated. */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /**
     * These arguments by parameter name, once it is sure that {@code function} takes them all.
     *
     * @param parameters the names, separated by spaces, in order
     */
    Arguments bind(String function, String parameters) {
        List<String> names = parameters.isEmpty() ? List.of() : List.of(parameters.split(" "));
        if (positional.size() > names.size()) {
            throw new TemplateException(
                    function + " takes " + names.size() + " arguments but got " + positional.size());
        }
        Map<String, Object> bound = new LinkedHashMap<>();
        for (int i = 0; i < positional.size(); i++) {
            bound.put(names.get(i), positional.get(i));
        }
        named.forEach((name, value) -> {
            if (!names.contains(name) || bound.put(name, value) != null) {
                throw new TemplateException(function + " got an unexpected argument '" + name + "'");
            }
        });
        return new Arguments(List.of(), bound);
    }

    /** These arguments without the first {@code count} positional ones. */
    Arguments from(int count) {
        return new Arguments(positional.subList(count, positional.size()), named);
    }

    Arguments without(String name) {
        Map<String, Object> rest = new LinkedHashMap<>(named);
        rest.remove(name);
        return new Arguments(positional, rest);
    }

    Arguments with(String name, Object value) {
        Map<String, Object> all = new LinkedHashMap<>(named);
        all.put(name, value);
        return new Arguments(positional, all);
    }

    /** The values of {@code *spread} put behind the positional arguments. */
    Arguments spread(Iterable<Object> values) {
        List<Object> all = new ArrayList<>(positional);
        values.forEach(all::add);
        return new Arguments(all, named);
    }

    boolean has(String name) {
        return named.containsKey(name);
    }

    @Nullable Object find(String name) {
        return named.get(name);
    }

    Object get(String name, Object otherwise) {
        return named.getOrDefault(name, otherwise);
    }

    Object require(String name) {
        Object value = named.get(name);
        if (value == null) {
            throw new TemplateException("the argument '" + name + "' is missing");
        }
        return value;
    }

    /** A string argument; anything else is an error. */
    String string(String name) {
        return Values.string(require(name), "the argument '" + name + "'");
    }

    String string(String name, String otherwise) {
        return isGiven(name) ? string(name) : otherwise;
    }

    /** An argument as {@code str()} prints it. */
    String text(String name, String otherwise) {
        return has(name) ? PythonText.str(require(name)) : otherwise;
    }

    long integer(String name) {
        return Values.integer(require(name), "the argument '" + name + "'");
    }

    long integer(String name, long otherwise) {
        return isGiven(name) ? integer(name) : otherwise;
    }

    boolean truth(String name, boolean otherwise) {
        return has(name) ? Values.truth(require(name)) : otherwise;
    }

    /** True if the argument is there and not {@code none}. */
    boolean isGiven(String name) {
        return has(name) && find(name) != None.NONE;
    }
}
