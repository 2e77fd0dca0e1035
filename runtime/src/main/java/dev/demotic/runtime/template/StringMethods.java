package dev.demotic.runtime.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}; indexes and widths count code points. */
final class StringMethods {
    private StringMethods() {}

    static @Nullable Callable find(String self, String name) {
        return switch (name) {
            case "upper" -> plain(name, self, StringMethods::upper);
            case "lower", "casefold" -> plain(name, self, StringMethods::lower);
            case "capitalize" -> plain(name, self, StringMethods::capitalize);
            case "title" -> plain(name, self, StringMethods::title);
            case "swapcase" -> plain(name, self, StringMethods::swapcase);
            case "isspace" -> plain(name, self, text -> all(text, Characters::isSpace));
            case "isalpha" -> plain(name, self, text -> all(text, Character::isLetter));
            case "isalnum" -> plain(name, self, text -> all(text, Characters::isAlphanumeric));
            case "isdigit" -> plain(name, self, text -> all(text, Characters::isDigit));
            case "isdecimal" -> plain(name, self, text -> all(text, Character::isDigit));
            case "isnumeric" -> plain(name, self, text -> all(text, Characters::isNumeric));
            case "isascii" -> plain(name, self, text -> text.codePoints().allMatch(c -> c < 128));
            case "isprintable" -> plain(name, self, text -> text.codePoints().allMatch(Characters::isPrintable));
            case "isidentifier" -> plain(name, self, StringMethods::isIdentifier);
            case "islower" -> plain(name, self, StringMethods::isLower);
            case "isupper" -> plain(name, self, StringMethods::isUpper);
            case "istitle" ->
                plain(
                        name,
                        self,
                        text -> title(text).equals(text) && !lower(text).equals(upper(text)));
            case "strip", "lstrip", "rstrip" -> bound(name, "chars", a -> strip(self, a.get("chars", None.NONE), name));
            case "split", "rsplit" -> bound(name, "sep maxsplit", a -> split(self, a, name.equals("rsplit")));
            case "splitlines" -> bound(name, "keepends", a -> lines(self, a.truth("keepends", false)));
            case "partition" -> bound(name, "sep", a -> partition(self, a.string("sep")));
            case "rpartition" -> bound(name, "sep", a -> partitionFromRight(self, a.string("sep")));
            case "startswith", "endswith" -> bound(name, "affix start end", a -> hasAffix(self, a, name));
            case "removeprefix" ->
                bound(
                        name,
                        "prefix",
                        a -> self.startsWith(a.string("prefix"))
                                ? self.substring(a.string("prefix").length())
                                : self);
            case "removesuffix" ->
                bound(
                        name,
                        "suffix",
                        a -> self.endsWith(a.string("suffix"))
                                ? self.substring(
                                        0, self.length() - a.string("suffix").length())
                                : self);
            case "find", "index", "rfind", "rindex" -> bound(name, "sub start end", a -> find(self, a, name));
            case "count" -> bound(name, "sub start end", a -> count(within(self, a), a.string("sub")));
            case "replace" ->
                bound(
                        name,
                        "old new count",
                        a -> replace(self, a.string("old"), a.string("new"), a.integer("count", -1)));
            case "join" -> bound(name, "iterable", a -> join(self, a.require("iterable")));
            case "zfill" -> bound(name, "width", a -> zeroFill(self, a.integer("width")));
            case "center", "ljust", "rjust" ->
                bound(name, "width fillchar", a -> pad(self, a.integer("width"), a.string("fillchar", " "), name));
            case "expandtabs" -> bound(name, "tabsize", a -> expandTabs(self, a.integer("tabsize", 8)));
            case "format" -> arguments -> Formats.braces(self, arguments);
            case "format_map" ->
                bound(name, "mapping", a -> Formats.braces(self, Arguments.NONE, a.require("mapping")));
            case "encode", "translate", "maketrans" ->
                _ -> {
                    throw new TemplateException("the string method '" + name + "' is not supported in chat templates");
                };
            default -> null;
        };
    }

    private static Callable plain(String name, String self, Function<String, Object> method) {
        return bound(name, "", _ -> {
            Budget.step(self.length() / 64);
            Budget.grow(self.length());
            return method.apply(self);
        });
    }

    private static Callable bound(String name, String parameters, Function<Arguments, Object> method) {
        return arguments -> method.apply(arguments.bind(name + "()", parameters));
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        return titleCase(first) + lower(text.substring(Character.charCount(first)));
    }

    private static String titleCase(int c) {
        String upper = upper(Character.toString(c));
        return upper.codePointCount(0, upper.length()) > 1
                ? upper.substring(0, 1) + lower(upper.substring(1))
                : Character.toString(Character.toTitleCase(c));
    }

    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            out.append(inWord ? lower(Character.toString(c)) : titleCase(c));
            inWord = isCased(c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    private static String swapcase(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .mapToObj(Character::toString)
                .map(c -> Character.isUpperCase(c.codePointAt(0)) ? lower(c) : upper(c))
                .forEach(out::append);
        return out.toString();
    }

    private static boolean all(String text, IntPredicate kind) {
        return !text.isEmpty() && text.codePoints().allMatch(kind);
    }

    private static boolean isIdentifier(String text) {
        return all(text, Characters::isWord) && !Character.isDigit(text.codePointAt(0));
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    /** Strips white space, or the characters of {@code drop}; only on one side for lstrip and rstrip. */
    static String strip(String text, Object drop, String side) {
        IntPredicate dropped = Characters::isSpace;
        if (drop != None.NONE) {
            String characters = Values.string(drop, "the characters to strip");
            dropped = c -> characters.indexOf(c) >= 0;
        }
        Budget.step(text.length() / 64);
        String rest = side.equals("rstrip") ? text : Characters.stripStart(text, dropped);
        return side.equals("lstrip") ? rest : Characters.stripEnd(rest, dropped);
    }

    private static List<Object> split(String text, Arguments arguments, boolean fromRight) {
        Object separator = arguments.get("sep", None.NONE);
        long most = arguments.integer("maxsplit", -1);
        long limit = most < 0 ? Long.MAX_VALUE : most;
        List<Object> parts;
        if (separator == None.NONE) {
            parts = fromRight ? wordsFromRight(text, limit) : words(text, limit);
        } else {
            String mark = Values.string(separator, "the separator");
            if (mark.isEmpty()) {
                throw new TemplateException("split() wants a separator that is not empty");
            }
            Budget.search(text.length(), mark.length());
            parts = fromRight ? splitFromRight(text, mark, limit) : splitFromLeft(text, mark, limit);
        }
        Budget.growList(text.length() / 8 + 4L * parts.size());
        return parts;
    }

    private static List<Object> splitFromLeft(String text, String mark, long limit) {
        List<Object> parts = new ArrayList<>();
        int start = 0;
        for (int at = text.indexOf(mark); at >= 0 && parts.size() < limit; at = text.indexOf(mark, start)) {
            parts.add(text.substring(start, at));
            start = at + mark.length();
        }
        parts.add(text.substring(start));
        return parts;
    }

    private static List<Object> splitFromRight(String text, String mark, long limit) {
        List<Object> parts = new ArrayList<>();
        int end = text.length();
        while (parts.size() < limit) {
            int at = end < mark.length() ? -1 : text.lastIndexOf(mark, end - mark.length());
            if (at < 0) {
                break;
            }
            parts.add(text.substring(at + mark.length(), end));
            end = at;
        }
        parts.add(text.substring(0, end));
        return new ArrayList<>(parts.reversed());
    }

    private static List<Object> words(String text, long limit) {
        List<Object> words = new ArrayList<>();
        String rest = Characters.stripStart(text, Characters::isSpace);
        int start = text.length() - rest.length();
        while (start < text.length()) {
            int end = start;
            while (end < text.length() && (words.size() >= limit || !Characters.isSpace(text.charAt(end)))) {
                end++;
            }
            words.add(text.substring(start, end));
            start = end;
            while (start < text.length() && Characters.isSpace(text.charAt(start))) {
                start++;
            }
        }
        return words;
    }

    private static List<Object> wordsFromRight(String text, long limit) {
        String reversed = new StringBuilder(text).reverse().toString();
        List<Object> words = new ArrayList<>();
        for (Object word : words(reversed, limit)) {
            words.add(new StringBuilder((String) word).reverse().toString());
        }
        return new ArrayList<>(words.reversed());
    }

    /** The lines of a text, cut wherever Unicode ends one. */
    static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            if (Characters.isLineEnd(text.charAt(i))) {
                int end = text.startsWith("\r\n", i) ? i + 2 : i + 1;
                lines.add(text.substring(start, keepEnds ? end : i));
                start = end;
                i = end - 1;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        Budget.growList(text.length() / 8 + 4L * lines.size());
        return lines;
    }

    private static Tuple partition(String text, String mark) {
        int at = partitionPoint(text, mark, text::indexOf);
        return at < 0
                ? Tuple.of(text, "", "")
                : Tuple.of(text.substring(0, at), mark, text.substring(at + mark.length()));
    }

    private static Tuple partitionFromRight(String text, String mark) {
        int at = partitionPoint(text, mark, text::lastIndexOf);
        return at < 0
                ? Tuple.of("", "", text)
                : Tuple.of(text.substring(0, at), mark, text.substring(at + mark.length()));
    }

    private static int partitionPoint(String text, String mark, ToIntFunction<String> search) {
        if (mark.isEmpty()) {
            throw new TemplateException("partition() wants a separator that is not empty");
        }
        Budget.search(text.length(), mark.length());
        Budget.grow(text.length());
        return search.applyAsInt(mark);
    }

    private static boolean hasAffix(String self, Arguments arguments, String name) {
        String text = within(self, arguments);
        Object affix = arguments.require("affix");
        List<?> affixes =
                affix instanceof Tuple tuple ? tuple : List.of(Values.string(affix, "the argument of " + name + "()"));
        return affixes.stream()
                .map(each -> Values.string(each, "the argument of " + name + "()"))
                .anyMatch(each -> name.equals("startswith") ? text.startsWith(each) : text.endsWith(each));
    }

    /** The bounds that the arguments {@code start} and {@code end} or {@code stop} set, within a size. */
    static int[] bounds(int size, Arguments arguments) {
        String end = arguments.has("stop") ? "stop" : "end";
        return new int[] {bound(arguments.integer("start", 0), size), bound(arguments.integer(end, size), size)};
    }

    private static int bound(long index, int size) {
        return Math.clamp(index < 0 ? index + size : index, 0, size);
    }

    private static String within(String self, Arguments arguments) {
        if (!arguments.has("start")) {
            return self;
        }
        int[] bounds = bounds(Characters.length(self), arguments);
        return bounds[0] < bounds[1] ? Characters.slice(self, bounds[0], bounds[1]) : "";
    }

    private static long find(String self, Arguments arguments, String name) {
        String text = within(self, arguments);
        String part = arguments.string("sub");
        Budget.search(text.length(), part.length());
        int at = name.startsWith("r") ? text.lastIndexOf(part) : text.indexOf(part);
        if (at < 0) {
            if (name.endsWith("index")) {
                throw new TemplateException("substring not found");
            }
            return -1;
        }
        return text.codePointCount(0, at) + (long) bounds(Characters.length(self), arguments)[0];
    }

    private static long count(String text, String part) {
        Budget.search(text.length(), part.length());
        if (part.isEmpty()) {
            return Characters.length(text) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    /** Replaces the first {@code most} occurrences; all of them where it is negative. */
    static String replace(String text, String old, String replacement, long most) {
        Budget.search(text.length(), old.length());
        StringBuilder out = new StringBuilder();
        long left = most < 0 ? Long.MAX_VALUE : most;
        int start = 0;
        while (left-- > 0) {
            int at = text.indexOf(old, start);
            if (at < 0) {
                break;
            }
            Budget.grow((long) at - start + replacement.length());
            out.append(text, start, at).append(replacement);
            start = at + old.length();
            if (old.isEmpty()) {
                if (at == text.length()) {
                    break;
                }
                int width = Character.charCount(text.codePointAt(at));
                out.append(text, at, at + width);
                start = at + width;
            }
        }
        Budget.grow(text.length() - start);
        return out.append(text, start, text.length()).toString();
    }

    private static String join(String separator, Object iterable) {
        StringBuilder out = new StringBuilder();
        int index = 0;
        for (Object element : Values.list(iterable)) {
            String text = Values.string(element, "element " + index + " of join()");
            Budget.grow((long) text.length() + separator.length());
            out.append(index++ == 0 ? "" : separator).append(text);
        }
        return out.toString();
    }

    private static String zeroFill(String text, long width) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String sign = signed ? text.substring(0, 1) : "";
        return sign + pad(text.substring(sign.length()), width - sign.length(), "0", "rjust");
    }

    /** Fills up to a width; {@code center} puts the odd one as Python does. */
    static String pad(String text, long width, String fill, String method) {
        if (Characters.length(fill) != 1) {
            throw new TemplateException(method + "() wants a single character to fill with");
        }
        int size = Characters.length(text);
        if (width <= size) {
            return text;
        }
        Budget.grow(width);
        int missing = (int) (width - size);
        int left = switch (method) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & (int) width & 1);
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private static String expandTabs(String text, long size) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int c : text.codePoints().toArray()) {
            if (c == '\t') {
                long width = size <= 0 ? 0 : size - column % size;
                Budget.grow(width);
                out.repeat(" ", (int) width);
                column += (int) width;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return out.toString();
    }
}
