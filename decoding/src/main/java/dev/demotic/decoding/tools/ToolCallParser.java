package dev.demotic.decoding.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells calls from text while a reply comes. What may become a call is held back until that is certain; what turns out to be
 * none is text. A call is handed on when it is complete. Not safe for use by several threads.
 */
public final class ToolCallParser {
    /** Takes what a reply consists of, in order. */
    public interface Listener {
        void text(String text);

        void call(ToolCall call);
    }

    /** A name before its arguments, as newer Mistral models write it: name[CALL_ID]id[ARGS]{...}. */
    private static final Pattern NAMED = Pattern.compile("([\\w.-]+)(?:\\[CALL_ID][\\w-]+)?(?:\\[ARGS])?\\s*");

    private enum State {
        /** Nothing but white space so far. */
        START,
        TEXT,
        /** Between the announcement and the end of its calls. */
        CALLS,
        /** After a call: more may follow. */
        BETWEEN
    }

    private final ToolCallFormat format;
    private final Set<String> names;
    private final Listener listener;
    private final StringBuilder held = new StringBuilder();
    private State state = State.START;

    /** @param names the tools on offer: what is not announced is a call only by one of these names */
    public ToolCallParser(ToolCallFormat format, Set<String> names, Listener listener) {
        this.format = format;
        this.names = Set.copyOf(names);
        this.listener = listener;
    }

    /** Takes the next piece of the reply. */
    public void accept(String text) {
        held.append(text);
        while (advance()) {
            // each turn hands on or reclassifies what is held
        }
    }

    /** The reply is over: what is still held back is text, but for the remains of calls. */
    public void finish() {
        String rest = held.toString();
        held.setLength(0);
        switch (state) {
            case CALLS -> listener.text(format.open() + rest);
            case BETWEEN -> emit(rest.strip().isEmpty() || format.close().startsWith(rest.strip()) ? "" : rest);
            case START, TEXT -> emit(rest);
        }
    }

    /** Does one thing with what is held; false if it takes more text to do the next. */
    private boolean advance() {
        return switch (state) {
            case START -> start();
            case TEXT -> text();
            case CALLS -> calls();
            case BETWEEN -> between();
        };
    }

    private boolean start() {
        String text = held.toString();
        int from = JsonText.skip(text, 0);
        boolean announced = text.startsWith(format.open(), from);
        if (!announced && format.open().startsWith(text.substring(from))) {
            return false;
        }
        if (!announced && format.mayBeBare()) {
            List<ToolCall> found = new ArrayList<>();
            int end = scan(text, from, found);
            if (end == JsonText.INCOMPLETE) {
                return false;
            }
            if (end >= 0 && found.stream().allMatch(call -> names.contains(call.name()))) {
                handOn(found, end);
                return true;
            }
        }
        held.delete(0, announced ? from : 0);
        state = State.TEXT;
        return true;
    }

    private boolean text() {
        String text = held.toString();
        int at = text.indexOf(format.open());
        if (at >= 0) {
            emit(text.substring(0, at));
            held.delete(0, at + format.open().length());
            state = State.CALLS;
            return true;
        }
        int keep = Math.min(format.open().length() - 1, text.length());
        while (keep > 0 && !format.open().startsWith(text.substring(text.length() - keep))) {
            keep--;
        }
        emit(text.substring(0, text.length() - keep));
        held.delete(0, text.length() - keep);
        return false;
    }

    private boolean calls() {
        String text = held.toString();
        List<ToolCall> found = new ArrayList<>();
        int end = scan(text, JsonText.skip(text, 0), found);
        if (end == JsonText.INCOMPLETE) {
            return false;
        }
        if (end == JsonText.MALFORMED || found.isEmpty()) {
            listener.text(format.open());
            state = State.TEXT;
        } else {
            handOn(found, end);
        }
        return true;
    }

    private boolean between() {
        String text = held.toString();
        int from = 0;
        while (from < text.length()
                && (Character.isWhitespace(text.charAt(from)) || ";,".indexOf(text.charAt(from)) >= 0)) {
            from++;
        }
        String rest = text.substring(from);
        if (rest.isEmpty()) {
            return false;
        }
        if (!format.close().isEmpty() && rest.startsWith(format.close())) {
            held.delete(0, from + format.close().length());
            return true;
        }
        boolean isNext = rest.startsWith(format.open());
        if (format.close().startsWith(rest) || !isNext && format.open().startsWith(rest)) {
            return false;
        }
        if (rest.startsWith("{") && format.mayBeBare()) {
            held.delete(0, from);
            state = State.START;
            return true;
        }
        held.delete(0, isNext ? from : 0);
        state = State.TEXT;
        return true;
    }

    private void handOn(List<ToolCall> calls, int end) {
        calls.forEach(listener::call);
        held.delete(0, end);
        state = State.BETWEEN;
    }

    private void emit(String text) {
        if (!text.isEmpty()) {
            listener.text(text);
        }
    }

    /** Reads one call or an array of them; the index after it, or why there is none. */
    private int scan(String text, int from, List<ToolCall> found) {
        if (from == text.length()) {
            return JsonText.INCOMPLETE;
        }
        char first = text.charAt(from);
        if (first != '{' && first != '[') {
            return format == ToolCallFormat.MISTRAL ? scanNamed(text, from, found) : JsonText.MALFORMED;
        }
        int end = JsonText.end(text, from);
        if (end < 0) {
            return end;
        }
        String json = text.substring(from, end);
        List<String> objects = first == '{' ? List.of(json) : JsonText.elements(json);
        for (String object : objects) {
            if (!object.startsWith("{") || !read(JsonText.members(object), found)) {
                return JsonText.MALFORMED;
            }
        }
        return found.isEmpty() ? JsonText.MALFORMED : end;
    }

    private int scanNamed(String text, int from, List<ToolCall> found) {
        String rest = text.substring(from);
        Matcher name = NAMED.matcher(rest);
        if (!name.lookingAt()) {
            return JsonText.MALFORMED;
        }
        if (!names.contains(name.group(1))) {
            boolean mayBecome =
                    name.end(1) == rest.length() && names.stream().anyMatch(known -> known.startsWith(name.group(1)));
            return mayBecome ? JsonText.INCOMPLETE : JsonText.MALFORMED;
        }
        int at = from + name.end();
        if (at == text.length()) {
            return JsonText.INCOMPLETE;
        }
        if (text.charAt(at) != '{') {
            return text.charAt(at) == '[' && text.indexOf('{', at) < 0 ? JsonText.INCOMPLETE : JsonText.MALFORMED;
        }
        int end = JsonText.end(text, at);
        if (end >= 0) {
            found.add(new ToolCall(name.group(1), text.substring(at, end)));
        }
        return end;
    }

    /** Reads {@code {"name", "arguments"}} or what models write for it; false if it is something else. */
    private static boolean read(Map<String, String> members, List<ToolCall> found) {
        String function = members.getOrDefault("function", "");
        if (function.startsWith("{")) {
            return read(JsonText.members(function), found);
        }
        String name = members.getOrDefault("name", function);
        String arguments = members.getOrDefault("arguments", members.getOrDefault("parameters", "{}"));
        if (arguments.startsWith("\"")) {
            arguments = JsonText.string(arguments);
        }
        if (!name.startsWith("\"") || !arguments.startsWith("{")) {
            return false;
        }
        found.add(new ToolCall(JsonText.string(name), arguments));
        return true;
    }
}
