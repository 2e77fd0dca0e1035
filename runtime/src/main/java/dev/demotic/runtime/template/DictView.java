package dev.demotic.runtime.template;

import java.util.List;

/**
 * What {@code keys()}, {@code values()} and {@code items()} of a dict return: it can be walked and counted, not indexed.
 *
 * @param kind Python's name for the type, such as {@code dict_items}
 */
record DictView(String kind, List<Object> elements) {
    /** A view of a dict, as the template got it. */
    static DictView of(String kind, java.util.Map<?, ?> dict) {
        return new DictView(
                kind,
                switch (kind) {
                    case "dict_keys" -> List.copyOf(dict.keySet());
                    case "dict_values" -> List.copyOf(dict.values());
                    default -> Values.items(dict);
                });
    }
}
