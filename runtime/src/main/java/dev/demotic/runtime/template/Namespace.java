package dev.demotic.runtime.template;

import java.util.LinkedHashMap;
import java.util.Map;

/** The one thing that a template can change: {@code namespace(a=1)}, then {@code {% set ns.a = 2 %}}. */
final class Namespace {
    private final Map<Object, Object> attributes;

    Namespace(Map<Object, Object> attributes) {
        this.attributes = new LinkedHashMap<>(attributes);
    }

    Object get(String name) {
        Object value = attributes.get(name);
        return value == null ? Undefined.attribute(this, name) : value;
    }

    void set(String name, Object value) {
        attributes.put(name, value);
    }

    Map<Object, Object> attributes() {
        return attributes;
    }
}
