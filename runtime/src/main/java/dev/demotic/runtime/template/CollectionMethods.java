package dev.demotic.runtime.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of lists, tuples and dicts that do not change them. */
final class CollectionMethods {
    private CollectionMethods() {}

    static @Nullable Callable find(List<?> list, String name) {
        return switch (name) {
            case "count" ->
                arguments -> count(list, arguments.bind("count()", "value").require("value"));
            case "index" -> arguments -> index(list, arguments.bind("index()", "value start stop"));
            case "copy" ->
                list instanceof Tuple || list instanceof Range
                        ? null
                        : arguments -> {
                            arguments.bind("copy()", "");
                            return List.copyOf(list);
                        };
            default -> null;
        };
    }

    private static long count(List<?> list, Object value) {
        return list.stream().filter(element -> Values.equal(element, value)).count();
    }

    private static long index(List<?> list, Arguments arguments) {
        Object value = arguments.require("value");
        int[] bounds = StringMethods.bounds(list.size(), arguments);
        for (int i = bounds[0]; i < bounds[1]; i++) {
            if (Values.equal(list.get(i), value)) {
                return i;
            }
        }
        throw new TemplateException(PythonText.repr(value) + " is not in the list");
    }

    static @Nullable Callable find(Map<?, ?> dict, String name) {
        return switch (name) {
            case "keys", "values", "items" ->
                arguments -> {
                    arguments.bind(name + "()", "");
                    return DictView.of("dict_" + name, dict);
                };
            case "get" ->
                arguments -> {
                    Arguments bound = arguments.bind("get()", "key default");
                    Object value = Values.lookup(dict, bound.require("key"));
                    return value == null ? bound.get("default", None.NONE) : value;
                };
            case "copy" ->
                arguments -> {
                    arguments.bind("copy()", "");
                    return new LinkedHashMap<Object, Object>(dict);
                };
            default -> null;
        };
    }
}
