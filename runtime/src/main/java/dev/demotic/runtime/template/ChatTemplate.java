package dev.demotic.runtime.template;

import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chat template as Hugging Face's transformers renders it: from messages and tools to the text that a model was
 * trained on.
 *
 * <p>The language is Jinja as {@code apply_chat_template} sets it up: {@code trim_blocks}, {@code lstrip_blocks}, loop
 * controls, a sandbox in which nothing can be changed but namespaces, and the extras {@code raise_exception},
 * {@code strftime_now}, {@code generation} blocks and Python's {@code tojson}. A template cannot reach the host, and one
 * that would loop, recurse or grow without end is stopped with an error.
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @see <a href="https://huggingface.co/docs/transformers/chat_templating">Chat templates</a>
 * @see <a href="https://jinja.palletsprojects.com/en/stable/templates/">Jinja, template designer documentation</a>
 */
public final class ChatTemplate {
    private final String source;
    private final List<Statement> statements;
    private final Clock clock;

    private ChatTemplate(String source, List<Statement> statements, Clock clock) {
        this.source = source;
        this.statements = statements;
        this.clock = clock;
    }

    /**
     * Reads a template.
     *
     * @throws TemplateException if it is malformed or uses a tag that Demotic does not know; the message names the line
     */
    public static ChatTemplate parse(String source) {
        return new ChatTemplate(source, Parser.parse(source), Clock.system(ZoneId.systemDefault()));
    }

    /** This template with another clock for {@code strftime_now}. */
    public ChatTemplate withClock(Clock clock) {
        return new ChatTemplate(source, statements, clock);
    }

    /** The template as it was given to {@link #parse}. */
    public String source() {
        return source;
    }

    /**
     * Renders a conversation.
     *
     * @throws TemplateException if the template refuses it by {@code raise_exception}, or fails on it
     */
    public String render(Conversation conversation) {
        return render(conversation.variables());
    }

    /**
     * Renders with these variables and no others.
     *
     * @param variables maps, collections, strings, numbers, booleans, {@link ChatMessage}s and nulls, nested as needed
     * @throws TemplateException if the template fails on them
     */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        Map<String, Object> root = Globals.all(clock);
        long weight = 0;
        for (Map.Entry<String, ? extends @Nullable Object> variable : variables.entrySet()) {
            Object value = Values.from(variable.getValue());
            weight += Values.weight(value);
            root.put(variable.getKey(), value);
        }
        return new Budget(weight).spendOn(() -> new Interpreter().render(statements, Scope.root(root)));
    }
}
