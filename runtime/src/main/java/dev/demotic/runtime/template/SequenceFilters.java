package dev.demotic.runtime.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The filters on lists, dicts and everything else that can be walked. Where Python's are lazy, these are too. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void define() {
        Filters.define("length", "", (input, _) -> Values.length(input));
        Filters.define("count", "", (input, _) -> Values.length(input));
        Filters.define("list", "", (input, _) -> Values.list(input));
        Filters.define("items", "", (input, _) -> items(input));
        Filters.define("first", "", (input, _) -> first(Values.iterate(input), "first"));
        Filters.define("last", "", (input, _) -> first(Values.iterate(reversed(input)), "last"));
        Filters.define("reverse", "", (input, _) -> reverse(input));
        Filters.define("join", "d attribute", SequenceFilters::join);
        Filters.define("sum", "attribute start", SequenceFilters::sum);
        Filters.define("min", "case_sensitive attribute", (input, a) -> extreme(input, a, -1));
        Filters.define("max", "case_sensitive attribute", (input, a) -> extreme(input, a, 1));
        Filters.define("sort", "reverse case_sensitive attribute", SequenceFilters::sort);
        Filters.define("unique", "case_sensitive attribute", SequenceFilters::unique);
        Filters.define("groupby", "attribute default case_sensitive", SequenceFilters::groupBy);
        Filters.define("dictsort", "case_sensitive by reverse", SequenceFilters::sortDict);
        Filters.define("batch", "linecount fill_with", SequenceFilters::batch);
        Filters.define("slice", "slices fill_with", SequenceFilters::slice);
        Filters.defineOpen("map", SequenceFilters::map);
        Filters.defineOpen("select", (input, a) -> select(input, false, true, a));
        Filters.defineOpen("reject", (input, a) -> select(input, false, false, a));
        Filters.defineOpen("selectattr", (input, a) -> select(input, true, true, a));
        Filters.defineOpen("rejectattr", (input, a) -> select(input, true, false, a));
    }

    private static Object items(Object input) {
        return switch (input) {
            case Undefined _ -> new Generator(List.of().iterator());
            case Map<?, ?> dict -> new Generator(Values.items(dict).iterator());
            default -> throw new TemplateException("the filter 'items' wants a mapping, not " + Values.typeName(input));
        };
    }

    private static Object first(Iterator<Object> elements, String end) {
        return elements.hasNext()
                ? elements.next()
                : new Undefined("there is no " + end + " item, the sequence was empty");
    }

    private static List<Object> reversed(Object input) {
        if (input instanceof Generator) {
            throw new TemplateException("'generator' object is not reversible");
        }
        return Values.list(input).reversed();
    }

    private static Object reverse(Object input) {
        if (input instanceof String text) {
            Budget.grow(text.length());
            return new StringBuilder(text).reverse().toString();
        }
        return new Generator((input instanceof Generator ? Values.list(input).reversed() : reversed(input)).iterator());
    }

    private static String join(Object input, Arguments arguments) {
        String separator = arguments.text("d", "");
        UnaryOperator<Object> attribute = attribute(arguments);
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Iterator<Object> rest = Values.iterate(input); rest.hasNext(); ) {
            String text = PythonText.str(attribute.apply(rest.next()));
            Budget.grow((long) text.length() + separator.length());
            out.append(first ? "" : separator).append(text);
            first = false;
        }
        return out.toString();
    }

    private static Object sum(Object input, Arguments arguments) {
        UnaryOperator<Object> attribute = attribute(arguments);
        Object total = arguments.get("start", 0L);
        for (Iterator<Object> rest = Values.iterate(input); rest.hasNext(); ) {
            total = Arithmetic.apply("+", total, attribute.apply(rest.next()));
        }
        return total;
    }

    private static Object extreme(Object input, Arguments arguments, int sign) {
        UnaryOperator<Object> key = key(arguments);
        Iterator<Object> rest = Values.iterate(input);
        if (!rest.hasNext()) {
            return new Undefined("no aggregated item, the sequence was empty");
        }
        Object best = rest.next();
        while (rest.hasNext()) {
            Object next = rest.next();
            if (Integer.signum(Values.compare(key.apply(next), key.apply(best))) == sign) {
                best = next;
            }
        }
        return best;
    }

    private static List<Object> sort(Object input, Arguments arguments) {
        boolean caseSensitive = arguments.truth("case_sensitive", false);
        Object attribute = arguments.get("attribute", None.NONE);
        UnaryOperator<Object> key;
        if (attribute instanceof String paths) {
            String[] parts = paths.split(",", -1);
            key = element -> {
                List<Object> keys = new ArrayList<>();
                for (String part : parts) {
                    keys.add(folded(Attributes.path(element, part), caseSensitive));
                }
                return keys;
            };
        } else {
            key = key(arguments);
        }
        return sorted(Values.list(input), key, arguments.truth("reverse", false));
    }

    /** Sorts stably, by keys that are taken once; a reversed sort keeps equal elements in order too. */
    private static List<Object> sorted(List<Object> elements, UnaryOperator<Object> key, boolean reverse) {
        record Keyed(Object key, Object element) {}
        List<Keyed> keyed = new ArrayList<>();
        elements.forEach(element -> keyed.add(new Keyed(key.apply(element), element)));
        Comparator<Keyed> order = (a, b) -> Values.compare(a.key(), b.key());
        try {
            keyed.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) {
            throw new TemplateException("the values to sort have no consistent order");
        }
        List<Object> sorted = new ArrayList<>();
        keyed.forEach(each -> sorted.add(each.element()));
        return sorted;
    }

    private static Generator unique(Object input, Arguments arguments) {
        UnaryOperator<Object> key = key(arguments);
        List<Object> seen = new ArrayList<>();
        return filtered(Values.iterate(input), element -> {
            Object own = key.apply(element);
            if (Values.isUnhashable(own)) {
                throw new TemplateException("unhashable type: '" + Values.typeName(own) + "'");
            }
            boolean isNew = seen.stream().noneMatch(each -> Values.equal(each, own));
            if (isNew) {
                seen.add(own);
            }
            return isNew;
        });
    }

    private static List<Object> groupBy(Object input, Arguments arguments) {
        boolean caseSensitive = arguments.truth("case_sensitive", false);
        UnaryOperator<Object> attribute = attribute(arguments);
        UnaryOperator<Object> key = element -> folded(attribute.apply(element), caseSensitive);
        List<Object> groups = new ArrayList<>();
        List<Object> group = List.of();
        for (Object element : sorted(Values.list(input), key, false)) {
            if (group.isEmpty() || !Values.equal(key.apply(group.getFirst()), key.apply(element))) {
                group = new ArrayList<>();
                groups.add(Tuple.named(List.of("grouper", "list"), attribute.apply(element), group));
            }
            group.add(element);
        }
        return groups;
    }

    private static List<Object> sortDict(Object input, Arguments arguments) {
        if (!(input instanceof Map<?, ?> dict)) {
            throw new TemplateException("the filter 'dictsort' wants a mapping, not " + Values.typeName(input));
        }
        boolean caseSensitive = arguments.truth("case_sensitive", false);
        int position = switch (arguments.string("by", "key")) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new TemplateException("the filter 'dictsort' sorts by 'key' or by 'value'");
        };
        return sorted(
                Values.items(dict),
                item -> folded(((Tuple) item).get(position), caseSensitive),
                arguments.truth("reverse", false));
    }

    private static Generator batch(Object input, Arguments arguments) {
        long size = arguments.integer("linecount");
        Object fill = arguments.get("fill_with", None.NONE);
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object element : Values.list(input)) {
            if (batch.size() == size) {
                batches.add(batch);
                batch = new ArrayList<>();
            }
            batch.add(element);
        }
        if (!batch.isEmpty()) {
            while (fill != None.NONE && batch.size() < size) {
                Budget.growList(1);
                batch.add(fill);
            }
            batches.add(batch);
        }
        return new Generator(batches.iterator());
    }

    private static Generator slice(Object input, Arguments arguments) {
        List<Object> elements = Values.list(input);
        long count = arguments.integer("slices");
        if (count == 0) {
            throw new TemplateException("the filter 'slice' wants at least one slice");
        }
        Object fill = arguments.get("fill_with", None.NONE);
        List<Object> slices = new ArrayList<>();
        int start = 0;
        for (long i = 0; i < count; i++) {
            boolean hasExtra = i < elements.size() % count;
            int end = start + (int) (elements.size() / count) + (hasExtra ? 1 : 0);
            Budget.growList(end - start + 8L);
            List<Object> slice = new ArrayList<>(elements.subList(start, end));
            if (fill != None.NONE && !hasExtra) {
                slice.add(fill);
            }
            slices.add(slice);
            start = end;
        }
        return new Generator(slices.iterator());
    }

    private static Generator map(Object input, Arguments arguments) {
        UnaryOperator<Object> function;
        if (arguments.positional().isEmpty()) {
            Arguments bound = arguments.bind("the filter 'map'", "attribute default");
            if (!bound.has("attribute")) {
                throw new TemplateException("the filter 'map' wants a filter's name or an attribute");
            }
            function = attribute(bound);
        } else {
            String name = Values.string(arguments.positional().getFirst(), "the name of the filter to map");
            Arguments rest = arguments.from(1);
            function = element -> Filters.apply(name, element, rest);
        }
        Iterator<Object> elements = orEmpty(input);
        return new Generator(new Iterator<>() {
            @Override
            public boolean hasNext() {
                return elements.hasNext();
            }

            @Override
            public Object next() {
                return function.apply(elements.next());
            }
        });
    }

    private static Generator select(Object input, boolean byAttribute, boolean keep, Arguments arguments) {
        List<Object> given = arguments.positional();
        if (byAttribute && given.isEmpty()) {
            throw new TemplateException("selectattr and rejectattr want the name of an attribute");
        }
        int skip = byAttribute ? 1 : 0;
        Predicate<Object> test = Values::truth;
        if (given.size() > skip) {
            String name = Values.string(given.get(skip), "the name of the test");
            Arguments rest = arguments.from(skip + 1);
            test = value -> Tests.apply(name, value, rest);
        }
        Predicate<Object> holds = test;
        return filtered(
                orEmpty(input),
                element -> holds.test(byAttribute ? Attributes.path(element, given.getFirst()) : element) == keep);
    }

    /** What there is to walk; nothing where the input is false, such as {@code none}. */
    private static Iterator<Object> orEmpty(Object input) {
        return Values.truth(input) ? Values.iterate(input) : List.of().iterator();
    }

    /** The elements that pass, each tried when it is asked for. */
    static Generator filtered(Iterator<Object> elements, Predicate<Object> passes) {
        return new Generator(new Iterator<>() {
            private @Nullable Object next;

            @Override
            public boolean hasNext() {
                while (next == null && elements.hasNext()) {
                    Object candidate = elements.next();
                    if (passes.test(candidate)) {
                        next = candidate;
                    }
                }
                return next != null;
            }

            @Override
            public Object next() {
                if (!hasNext() || next == null) {
                    throw new NoSuchElementException();
                }
                Object result = next;
                next = null;
                return result;
            }
        });
    }

    private static UnaryOperator<Object> key(Arguments arguments) {
        boolean caseSensitive = arguments.truth("case_sensitive", false);
        UnaryOperator<Object> attribute = attribute(arguments);
        return element -> folded(attribute.apply(element), caseSensitive);
    }

    private static Object folded(Object key, boolean caseSensitive) {
        return key instanceof String text && !caseSensitive ? StringMethods.lower(text) : key;
    }

    private static UnaryOperator<Object> attribute(Arguments arguments) {
        Object path = arguments.get("attribute", None.NONE);
        Object otherwise = arguments.get("default", None.NONE);
        if (path == None.NONE) {
            return element -> element;
        }
        return element -> {
            Object value = Attributes.path(element, path);
            return value instanceof Undefined && otherwise != None.NONE ? otherwise : value;
        };
    }
}
