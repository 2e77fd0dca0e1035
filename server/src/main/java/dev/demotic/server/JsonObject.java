package dev.demotic.server;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** A JSON object on its way out, with its members in the order in which they were put. */
final class JsonObject extends LinkedHashMap<String, @Nullable Object> {
    private static final long serialVersionUID = 1;

    /** Puts a member, and returns this object for the next one. */
    JsonObject with(String name, @Nullable Object value) {
        put(name, value);
        return this;
    }
}
