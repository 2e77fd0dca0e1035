package dev.demotic.runtime.template;

import java.util.AbstractList;
import java.util.List;

/** Python's tuple: a list that prints with round brackets and equals only other tuples; its elements may have names. */
final class Tuple extends AbstractList<Object> {
    private final List<?> elements;
    private final List<String> names;

    Tuple(List<?> elements) {
        this(elements, List.of());
    }

    private Tuple(List<?> elements, List<String> names) {
        this.elements = elements;
        this.names = names;
    }

    static Tuple of(Object... elements) {
        return new Tuple(List.of(elements));
    }

    static Tuple named(List<String> names, Object... elements) {
        return new Tuple(List.of(elements), names);
    }

    boolean hasName(String name) {
        return names.contains(name);
    }

    Object named(String name) {
        return elements.get(names.indexOf(name));
    }

    @Override
    public Object get(int index) {
        return elements.get(index);
    }

    @Override
    public int size() {
        return elements.size();
    }
}
