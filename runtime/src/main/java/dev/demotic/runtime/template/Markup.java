package dev.demotic.runtime.template;

/** Text that {@code safe} or {@code escape} has passed: what is added to it is escaped first. */
record Markup(String text) {
    static Markup escape(Object value) {
        if (value instanceof Markup markup) {
            return markup;
        }
        String text = PythonText.str(value);
        return new Markup(text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;"));
    }

    static Markup join(Object left, Object right) {
        return new Markup(escape(left).text + escape(right).text);
    }
}
