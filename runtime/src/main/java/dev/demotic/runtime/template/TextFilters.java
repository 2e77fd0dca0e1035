package dev.demotic.runtime.template;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The filters on text. */
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("\\w++", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern WORD_BEGINNING =
            Pattern.compile("(?<=[-\\s({\\[<])(?=[^-\\s({\\[<])", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern NOT_A_KEY = Pattern.compile("[\\s/>=]");

    private TextFilters() {}

    static void define() {
        define("upper", "", (text, _) -> StringMethods.upper(text));
        define("lower", "", (text, _) -> StringMethods.lower(text));
        define("capitalize", "", (text, _) -> StringMethods.capitalize(text));
        define("title", "", (text, _) -> title(text));
        define("trim", "chars", (text, a) -> StringMethods.strip(text, a.get("chars", None.NONE), "strip"));
        define("replace", "old new count", TextFilters::replace);
        define("center", "width", (text, a) -> StringMethods.pad(text, a.integer("width", 80), " ", "center"));
        define("wordcount", "", (text, _) -> WORD.matcher(text).results().count());
        Filters.define("truncate", "length killwords end leeway", TextFilters::truncate);
        Filters.define("indent", "width first blank", TextFilters::indent);
        Filters.defineOpen("format", TextFilters::format);
        Filters.define("urlencode", "", (input, _) -> urlEncode(input));
        Filters.define("xmlattr", "autospace", TextFilters::xmlAttributes);
    }

    private interface TextBody {
        Object apply(String text, Arguments arguments);
    }

    private static void define(String name, String parameters, TextBody body) {
        Filters.define(name, parameters, (input, arguments) -> {
            String text = PythonText.str(input);
            Budget.step(text.length() / 64);
            Budget.grow(text.length());
            return body.apply(text, arguments);
        });
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (String word : WORD_BEGINNING.split(text)) {
            if (!word.isEmpty()) {
                int first = word.offsetByCodePoints(0, 1);
                out.append(StringMethods.upper(word.substring(0, first)))
                        .append(StringMethods.lower(word.substring(first)));
            }
        }
        return out.toString();
    }

    private static String replace(String text, Arguments arguments) {
        String old = PythonText.str(arguments.require("old"));
        return StringMethods.replace(
                text, old, PythonText.str(arguments.require("new")), arguments.integer("count", -1));
    }

    private static Object truncate(Object input, Arguments arguments) {
        long length = arguments.integer("length", 255);
        long leeway = arguments.integer("leeway", 5);
        String end = arguments.string("end", "...");
        if (length < Characters.length(end) || leeway < 0) {
            throw new TemplateException("the filter 'truncate' wants a length of at least that of its end mark");
        }
        long excess = Values.length(input) - length;
        if (excess <= leeway) {
            return input;
        }
        String text = Values.string(input, "the input of the filter 'truncate'");
        String kept = Characters.slice(text, 0, (int) length - Characters.length(end));
        int space = arguments.truth("killwords", false) ? -1 : kept.lastIndexOf(' ');
        return (space < 0 ? kept : kept.substring(0, space)) + end;
    }

    private static String indent(Object input, Arguments arguments) {
        String text = Values.string(input, "the input of the filter 'indent'");
        Object width = arguments.get("width", 4L);
        String indent = width instanceof String prefix
                ? prefix
                : StringMethods.pad("", Values.integer(width, "the width"), " ", "ljust");
        boolean blank = arguments.truth("blank", false);
        List<Object> lines = StringMethods.lines(text + "\n", false);
        StringBuilder out = new StringBuilder(arguments.truth("first", false) ? indent : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            Budget.grow((long) indent.length() + line.length());
            if (i > 0) {
                out.append('\n').append(blank || !line.isEmpty() ? indent : "");
            }
            out.append(line);
        }
        return out.toString();
    }

    private static Object format(Object input, Arguments arguments) {
        if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
            throw new TemplateException("the filter 'format' takes positional or named arguments, not both");
        }
        Object values = arguments.named().isEmpty()
                ? new Tuple(arguments.positional())
                : Map.<Object, Object>copyOf(arguments.named());
        return Formats.percent(PythonText.str(input), values);
    }

    private static String urlEncode(Object input) {
        if (!(input instanceof Map) && !(input instanceof List)) {
            return quote(PythonText.str(input), true);
        }
        List<?> pairs = input instanceof Map<?, ?> dict ? Values.items(dict) : (List<?>) input;
        List<String> parts = new ArrayList<>();
        for (Object pair : pairs) {
            if (!(pair instanceof List<?> keyed) || keyed.size() != 2) {
                throw new TemplateException("the filter 'urlencode' wants text, a mapping or pairs");
            }
            parts.add(quote(PythonText.str(keyed.get(0)), false) + "=" + quote(PythonText.str(keyed.get(1)), false));
        }
        return String.join("&", parts);
    }

    private static String quote(String text, boolean isPath) {
        Budget.grow(3L * text.length());
        String quoted = URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("*", "%2A")
                .replace("%7E", "~");
        return isPath ? quoted.replace("+", "%20").replace("%2F", "/") : quoted;
    }

    private static String xmlAttributes(Object input, Arguments arguments) {
        if (!(input instanceof Map<?, ?> attributes)) {
            throw new TemplateException("the filter 'xmlattr' wants a mapping");
        }
        StringBuilder out = new StringBuilder();
        attributes.forEach((key, value) -> {
            if (value == None.NONE || value instanceof Undefined) {
                return;
            }
            String name = Values.string(key, "the name of an attribute");
            if (NOT_A_KEY.matcher(name).find()) {
                throw new TemplateException("invalid character in attribute name '" + name + "'");
            }
            out.append(' ').append(Markup.escape(name).text());
            out.append("=\"").append(Markup.escape(value).text()).append('"');
        });
        return out.isEmpty() || arguments.truth("autospace", true) ? out.toString() : out.substring(1);
    }
}
