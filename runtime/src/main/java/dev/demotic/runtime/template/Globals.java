package dev.demotic.runtime.template;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template has, Jinja's and those that transformers adds. */
final class Globals {
    private Globals() {}

    /** A new map of all globals by name; the clock is what {@code strftime_now} reads. */
    static Map<String, Object> all(Clock clock) {
        Map<String, Callable> globals = Map.of(
                "range", Globals::range,
                "dict", Globals::dict,
                "namespace", arguments -> new Namespace(dict(arguments)),
                "cycler", arguments -> new Cycler(arguments.positional()),
                "joiner", Globals::joiner,
                "raise_exception", Globals::raise,
                "strftime_now",
                        arguments -> Strftime.format(
                                arguments.bind("strftime_now()", "format").string("format"), ZonedDateTime.now(clock)));
        return new HashMap<>(globals);
    }

    private static Object range(Arguments arguments) {
        List<Long> bounds = arguments.positional().stream()
                .map(bound -> Values.integer(bound, "an argument of range()"))
                .toList();
        if (!arguments.named().isEmpty()) {
            throw new TemplateException("range() takes no named arguments");
        }
        return switch (bounds.size()) {
            case 1 -> new Range(0, bounds.get(0), 1);
            case 2 -> new Range(bounds.get(0), bounds.get(1), 1);
            case 3 -> new Range(bounds.get(0), bounds.get(1), bounds.get(2));
            default -> throw new TemplateException("range() takes one to three arguments, got " + bounds.size());
        };
    }

    private static Map<Object, Object> dict(Arguments arguments) {
        Map<Object, Object> dict = new LinkedHashMap<>();
        for (Object source : arguments.positional()) {
            if (source instanceof Map<?, ?> map) {
                dict.putAll(map);
                continue;
            }
            for (Iterator<Object> rest = Values.iterate(source); rest.hasNext(); ) {
                List<Object> pair = Values.list(rest.next());
                if (pair.size() != 2) {
                    throw new TemplateException("dict() wants a mapping or pairs");
                }
                Values.put(dict, pair.get(0), pair.get(1));
            }
        }
        dict.putAll(arguments.named());
        return dict;
    }

    private static Object joiner(Arguments arguments) {
        String separator = arguments.bind("joiner()", "sep").text("sep", ", ");
        return new Callable() {
            private boolean used;

            @Override
            public Object call(Arguments none) {
                boolean first = !used;
                used = true;
                return first ? "" : separator;
            }
        };
    }

    private static Object raise(Arguments arguments) {
        throw new TemplateException(
                PythonText.str(arguments.bind("raise_exception()", "message").require("message")));
    }
}
