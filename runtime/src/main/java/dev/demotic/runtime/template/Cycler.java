package dev.demotic.runtime.template;

import java.util.List;

/** {@code cycler(a, b)}: hands out its items in turn. */
final class Cycler {
    private final List<Object> items;
    private int position;

    Cycler(List<Object> items) {
        if (items.isEmpty()) {
            throw new TemplateException("cycler() wants at least one item");
        }
        this.items = items;
    }

    Object get(String name) {
        return switch (name) {
            case "current" -> items.get(position);
            case "next" ->
                (Callable) _ -> {
                    Object item = items.get(position);
                    position = (position + 1) % items.size();
                    return item;
                };
            case "reset" ->
                (Callable) _ -> {
                    position = 0;
                    return None.NONE;
                };
            default -> Undefined.attribute(this, name);
        };
    }
}
