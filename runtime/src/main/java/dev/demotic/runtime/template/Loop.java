package dev.demotic.runtime.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop}: where a for loop stands. It looks ahead only when it is asked what comes. */
final class Loop implements Callable {
    private final Object iterable;
    private final int depth;
    private final @Nullable Callable recursion;
    private Iterator<Object> rest;
    private @Nullable Object previous;
    private @Nullable Object current;
    private @Nullable Object upcoming;
    private @Nullable List<Object> lastChanged;
    private long index = -1;
    private long length = -1;

    Loop(Object iterable, int depth, @Nullable Callable recursion) {
        this.iterable = iterable;
        this.depth = depth;
        this.recursion = recursion;
        this.rest = Values.iterate(iterable);
    }

    /** Goes to the next item; null at the end. */
    @Nullable Object advance() {
        Object next = peek();
        upcoming = null;
        index++;
        previous = current;
        current = next;
        return next;
    }

    private @Nullable Object peek() {
        if (upcoming == null && rest.hasNext()) {
            upcoming = rest.next();
        }
        return upcoming;
    }

    long length() {
        if (length < 0) {
            if (iterable instanceof Generator) {
                List<Object> remaining = new ArrayList<>();
                rest.forEachRemaining(remaining::add);
                rest = remaining.iterator();
                length = index + 1 + remaining.size() + (upcoming == null ? 0 : 1);
            } else {
                length = Values.length(iterable);
            }
        }
        return length;
    }

    Object get(String name) {
        return switch (name) {
            case "index" -> index + 1;
            case "index0" -> index;
            case "revindex" -> length() - index;
            case "revindex0" -> length() - index - 1;
            case "first" -> index == 0;
            case "last" -> peek() == null;
            case "length" -> length();
            case "depth" -> (long) depth + 1;
            case "depth0" -> (long) depth;
            case "previtem" -> previous == null ? new Undefined("there is no previous item") : previous;
            case "nextitem" -> {
                Object next = peek();
                yield next == null ? new Undefined("there is no next item") : next;
            }
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            default -> Undefined.attribute(this, name);
        };
    }

    private Object cycle(Arguments arguments) {
        List<Object> items = arguments.positional();
        if (items.isEmpty()) {
            throw new TemplateException("loop.cycle() wants at least one item");
        }
        return items.get((int) (index % items.size()));
    }

    private Object changed(Arguments arguments) {
        boolean changed = lastChanged == null || !Values.equal(lastChanged, arguments.positional());
        lastChanged = arguments.positional();
        return changed;
    }

    /** {@code loop(children)} in a recursive loop: the loop's body over other items, one level deeper. */
    @Override
    public Object call(Arguments arguments) {
        if (recursion == null) {
            throw new TemplateException("the loop must have the 'recursive' marker to be called");
        }
        return recursion.call(arguments.bind("loop()", "iterable"));
    }
}
