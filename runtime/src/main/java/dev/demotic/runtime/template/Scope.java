package dev.demotic.runtime.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables of a block: reading looks outwards, setting stays inside. */
final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Object> variables;

    Scope(Scope outer) {
        this(outer, new HashMap<>(4));
    }

    private Scope(@Nullable Scope outer, Map<String, Object> variables) {
        this.outer = outer;
        this.variables = variables;
    }

    static Scope root(Map<String, Object> variables) {
        return new Scope(null, variables);
    }

    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return Undefined.variable(name);
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }
}
