package dev.demotic.runtime.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, byte for byte: its spaces, its escapes, its floats. */
final class Json {
    private final boolean ascii;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sortKeys;
    private final StringBuilder out = new StringBuilder();

    private Json(Arguments arguments) {
        ascii = arguments.truth("ensure_ascii", false);
        sortKeys = arguments.truth("sort_keys", false);
        indent = indent(arguments.get("indent", None.NONE));
        Object separators = arguments.get("separators", None.NONE);
        if (separators == None.NONE) {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        } else if (separators instanceof List<?> pair && pair.size() == 2) {
            itemSeparator = Values.string(pair.get(0), "the item separator");
            keySeparator = Values.string(pair.get(1), "the key separator");
        } else {
            throw new TemplateException("separators must be a pair of strings");
        }
    }

    /** Writes a value; takes {@code ensure_ascii}, {@code indent}, {@code separators} and {@code sort_keys}. */
    static String dumps(Object value, Arguments arguments) {
        Json json = new Json(arguments.bind("tojson", "ensure_ascii indent separators sort_keys"));
        json.write(value, "\n");
        return json.out.toString();
    }

    private static @Nullable String indent(Object indent) {
        if (indent == None.NONE) {
            return null;
        }
        if (indent instanceof String text) {
            return text;
        }
        long width = Math.max(0, Values.integer(indent, "indent"));
        if (width > 1000) {
            throw new TemplateException("an indent of " + width + " is too wide");
        }
        return " ".repeat((int) width);
    }

    private void write(Object value, String newline) {
        Budget.step(1);
        int before = out.length();
        switch (value) {
            case None _ -> out.append("null");
            case Boolean flag -> out.append(flag);
            case Double number -> out.append(real(number));
            case String text -> quote(text);
            case Map<?, ?> map -> object(map, newline);
            case Range _ -> throw unserializable(value);
            case List<?> list -> array(list, newline);
            case Long _ -> out.append(value);
            case java.math.BigInteger _ -> out.append(value);
            default -> throw unserializable(value);
        }
        Budget.grow(Math.min(16, out.length() - before));
    }

    private static TemplateException unserializable(Object value) {
        String reason = value instanceof Undefined undefined ? " (" + undefined.reason() + ")" : "";
        return new TemplateException("object of type " + Values.typeName(value) + " is not JSON serializable" + reason);
    }

    private static String real(double number) {
        return Double.isNaN(number)
                ? "NaN"
                : Double.isInfinite(number) ? number > 0 ? "Infinity" : "-Infinity" : PythonText.real(number);
    }

    private void array(List<?> list, String newline) {
        if (list.isEmpty()) {
            out.append("[]");
            return;
        }
        String inner = inner(newline);
        out.append('[');
        Iterator<?> rest = list.iterator();
        while (rest.hasNext()) {
            line(inner);
            write(rest.next(), inner);
            out.append(rest.hasNext() ? itemSeparator : "");
        }
        line(newline);
        out.append(']');
    }

    private void object(Map<?, ?> map, String newline) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        String inner = inner(newline);
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sortKeys) {
            entries.sort((a, b) -> Values.compare(a.getKey(), b.getKey()));
        }
        out.append('{');
        Iterator<Map.Entry<?, ?>> rest = entries.iterator();
        while (rest.hasNext()) {
            Map.Entry<?, ?> entry = rest.next();
            line(inner);
            quote(key(entry.getKey()));
            out.append(keySeparator);
            write(entry.getValue(), inner);
            out.append(rest.hasNext() ? itemSeparator : "");
        }
        line(newline);
        out.append('}');
    }

    private String inner(String newline) {
        return indent == null ? newline : newline + indent;
    }

    private void line(String newline) {
        if (indent != null) {
            Budget.grow(newline.length());
            out.append(newline);
        }
    }

    private static String key(Object key) {
        return switch (key) {
            case String text -> text;
            case None _ -> "null";
            case Boolean flag -> flag.toString();
            case Double number -> real(number);
            case Long number -> number.toString();
            case java.math.BigInteger number -> number.toString();
            default ->
                throw new TemplateException(
                        "JSON keys must be str, int, float, bool or None, not " + Values.typeName(key));
        };
    }

    private void quote(String text) {
        Budget.grow(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < ' ' || ascii && c > '~') {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
