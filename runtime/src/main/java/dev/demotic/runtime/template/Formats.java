package dev.demotic.runtime.template;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's two ways to format text: {@code "%s" % value} and {@code "{}".format(value)}. */
final class Formats {
    private static final Pattern DIRECTIVE =
            Pattern.compile("%(?:\\(([^)]*)\\))?([-+ #0]*)(\\d+|\\*)?(?:\\.(\\d+|\\*)?)?[hlL]?(.)", Pattern.DOTALL);
    private static final Pattern SPECIFICATION = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?z?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?([a-zA-Z%])?", Pattern.DOTALL);
    private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");

    private Formats() {}

    /** {@code format % right}, where {@code right} is a tuple of values, a dict, or a single value. */
    static String percent(String format, Object right) {
        List<?> values = right instanceof Tuple tuple ? tuple : List.of(right);
        StringBuilder out = new StringBuilder();
        int next = 0;
        int position = 0;
        Matcher matcher = DIRECTIVE.matcher(format);
        for (int at = format.indexOf('%'); at >= 0; at = format.indexOf('%', position)) {
            out.append(format, position, at);
            if (!matcher.region(at, format.length()).lookingAt()) {
                throw new TemplateException("incomplete format in '" + format + "'");
            }
            position = matcher.end();
            if (matcher.group(5).equals("%")) {
                out.append('%');
                continue;
            }
            String width = matcher.group(3);
            if ("*".equals(width)) {
                width = PythonText.str(argument(values, next++, format));
            }
            String precision = matcher.group().contains(".") ? matcher.group(4) == null ? "0" : matcher.group(4) : null;
            if ("*".equals(precision)) {
                precision = PythonText.str(argument(values, next++, format));
            }
            Object value;
            if (matcher.group(1) == null) {
                value = argument(values, next++, format);
            } else if (right instanceof Map<?, ?> dict) {
                value = Attributes.item(dict, matcher.group(1));
            } else {
                throw new TemplateException("format '" + format + "' requires a mapping");
            }
            out.append(directive(
                    value, matcher.group(2), width, precision, matcher.group(5).charAt(0)));
            Budget.grow(out.length() / 8);
        }
        boolean isContainer = right instanceof Map || right instanceof List || right instanceof Undefined;
        if (next < values.size() && (right instanceof Tuple || !isContainer)) {
            throw new TemplateException("not all arguments converted during string formatting");
        }
        Budget.grow(format.length());
        return out.append(format, position, format.length()).toString();
    }

    private static Object argument(List<?> values, int index, String format) {
        if (index >= values.size()) {
            throw new TemplateException("not enough arguments for format string '" + format + "'");
        }
        return values.get(index);
    }

    private static String directive(
            Object value, String flags, @Nullable String width, @Nullable String precision, char type) {
        boolean isText = "srac".indexOf(type) >= 0;
        boolean isZero = flags.contains("0") && !isText;
        FormatSpec spec = new FormatSpec(
                isZero && !flags.contains("-") ? '0' : ' ',
                flags.contains("-") ? '<' : isZero ? '=' : '>',
                flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-',
                flags.contains("#"),
                FormatSpec.count(width, 0),
                '\0',
                FormatSpec.count(precision, -1),
                type);
        return switch (type) {
            case 's' -> spec.text(PythonText.str(value));
            case 'r', 'a' -> spec.text(PythonText.repr(value));
            case 'c' -> spec.text(Arithmetic.isInteger(value) ? character(value) : PythonText.str(value));
            case 'd', 'i', 'u' -> spec.number(truncated(value));
            default -> spec.number(value);
        };
    }

    private static String character(Object code) {
        long point = Values.integer(code, "a character code");
        if (point < 0 || point > Character.MAX_CODE_POINT) {
            throw new TemplateException("a character code is out of range");
        }
        return Character.toString((int) point);
    }

    private static Object truncated(Object value) {
        return value instanceof Double real ? Filters.truncate(real) : value;
    }

    static String braces(String format, Arguments arguments) {
        return braces(format, arguments, Map.of());
    }

    /** {@code format.format(...)}; a name that is no argument is looked up in {@code mapping}. */
    static String braces(String format, Arguments arguments, Object mapping) {
        return new Braces(arguments, mapping).format(format, 2);
    }

    /** {@code format(value, specification)}. */
    static String format(Object value, String specification) {
        if (value instanceof Undefined undefined && !specification.isEmpty()) {
            throw undefined.failure();
        }
        Matcher matcher = SPECIFICATION.matcher(specification);
        if (!matcher.matches()) {
            throw new TemplateException("invalid format specifier '" + specification + "'");
        }
        if (specification.isEmpty()) {
            return PythonText.str(value);
        }
        boolean isNumber = Arithmetic.isNumber(value);
        if (!isNumber && !(value instanceof String)) {
            throw new TemplateException("a " + Values.typeName(value) + " takes no format specifier");
        }
        boolean zero = matcher.group(5) != null;
        String fill = matcher.group(1);
        String align = matcher.group(2);
        String type = matcher.group(9);
        FormatSpec spec = new FormatSpec(
                fill != null ? fill.charAt(0) : zero ? '0' : ' ',
                align != null ? align.charAt(0) : zero && isNumber ? '=' : isNumber ? '>' : '<',
                matcher.group(3) == null ? '-' : matcher.group(3).charAt(0),
                matcher.group(4) != null,
                FormatSpec.count(matcher.group(6), 0),
                matcher.group(7) == null ? '\0' : matcher.group(7).charAt(0),
                FormatSpec.count(matcher.group(8), -1),
                type == null ? '\0' : type.charAt(0));
        return isNumber ? spec.number(value) : spec.text((String) value);
    }

    /** One run over a brace format, which counts the fields that have no number. */
    private static final class Braces {
        private final Arguments arguments;
        private final Object mapping;
        private int next;

        Braces(Arguments arguments, Object mapping) {
            this.arguments = arguments;
            this.mapping = mapping;
        }

        String format(String format, int depth) {
            if (depth == 0) {
                throw new TemplateException("format fields are nested too deep");
            }
            StringBuilder out = new StringBuilder();
            int i = 0;
            while (i < format.length()) {
                char c = format.charAt(i++);
                if ((c == '{' || c == '}') && i < format.length() && format.charAt(i) == c) {
                    out.append(c);
                    i++;
                } else if (c == '}') {
                    throw new TemplateException("single '}' in format string '" + format + "'");
                } else if (c == '{') {
                    int end = closing(format, i);
                    out.append(field(format.substring(i, end), depth));
                    i = end + 1;
                } else {
                    out.append(c);
                }
            }
            Budget.grow(out.length());
            return out.toString();
        }

        private static int closing(String format, int start) {
            int open = 1;
            for (int i = start; i < format.length(); i++) {
                char c = format.charAt(i);
                open += c == '{' ? 1 : c == '}' ? -1 : 0;
                if (open == 0) {
                    return i;
                }
            }
            throw new TemplateException("'{' is never closed in format string '" + format + "'");
        }

        private String field(String field, int depth) {
            int colon = field.indexOf(':');
            String name = colon < 0 ? field : field.substring(0, colon);
            String specification = colon < 0 ? "" : format(field.substring(colon + 1), depth - 1);
            int mark = name.indexOf('!');
            Object value = value(mark < 0 ? name : name.substring(0, mark));
            if (mark >= 0) {
                value = switch (name.substring(mark + 1)) {
                    case "s" -> PythonText.str(value);
                    case "r", "a" -> PythonText.repr(value);
                    default -> throw new TemplateException("unknown conversion in format field '" + field + "'");
                };
            }
            return Formats.format(value, specification);
        }

        private Object value(String name) {
            Matcher first = Pattern.compile("[^.\\[]*").matcher(name);
            int end = first.lookingAt() ? first.end() : 0;
            Object value = root(name.substring(0, end));
            Matcher step = STEP.matcher(name);
            while (end < name.length()) {
                if (!step.region(end, name.length()).lookingAt()) {
                    throw new TemplateException("malformed format field '" + name + "'");
                }
                if (step.group(1) != null) {
                    value = Attributes.attribute(value, step.group(1));
                } else {
                    value = Attributes.item(value, number(step.group(2)));
                }
                end = step.end();
            }
            return value;
        }

        private Object root(String name) {
            Object key = name.isEmpty() ? (Object) (long) next++ : number(name);
            if (key instanceof Long index) {
                if (index >= arguments.positional().size()) {
                    throw new TemplateException("format field " + index + " has no argument");
                }
                return arguments.positional().get((int) (long) index);
            }
            Object value = arguments.has(name) ? arguments.require(name) : Attributes.item(mapping, name);
            if (value instanceof Undefined) {
                throw new TemplateException("format field '" + name + "' has no argument");
            }
            return value;
        }

        private static Object number(String text) {
            boolean isIndex =
                    text.length() < 10 && !text.isEmpty() && text.codePoints().allMatch(Character::isDigit);
            return isIndex ? (Object) Long.valueOf(text) : text;
        }
    }
}
