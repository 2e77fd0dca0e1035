package dev.demotic.runtime.template;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template renders: messages, the tools on offer, and whatever else the template asks for by name.
 *
 * <p>Immutable; the {@code with} methods return changed copies.
 *
 * @param messages the turns so far, in order
 * @param tools function descriptions, each a JSON-schema-like map; templates see none where the list is empty
 * @param generationPrompt whether the text shall end where the assistant's reply begins
 * @param extras further variables by name, such as {@code bos_token}, {@code enable_thinking} or {@code documents}
 */
public record Conversation(
        List<ChatMessage> messages,
        List<Map<String, Object>> tools,
        boolean generationPrompt,
        Map<String, @Nullable Object> extras) {
    public Conversation {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
        extras = Collections.unmodifiableMap(new LinkedHashMap<>(extras));
    }

    /** A conversation that asks for the assistant's next turn, without tools or extras. */
    public static Conversation of(List<ChatMessage> messages) {
        return new Conversation(messages, List.of(), true, Map.of());
    }

    public static Conversation of(ChatMessage... messages) {
        return of(List.of(messages));
    }

    public Conversation withMessages(List<ChatMessage> messages) {
        return new Conversation(messages, tools, generationPrompt, extras);
    }

    public Conversation withTools(List<Map<String, Object>> tools) {
        return new Conversation(messages, tools, generationPrompt, extras);
    }

    public Conversation withGenerationPrompt(boolean generationPrompt) {
        return new Conversation(messages, tools, generationPrompt, extras);
    }

    /** Sets a further variable. */
    public Conversation with(String name, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(extras);
        more.put(name, value);
        return new Conversation(messages, tools, generationPrompt, more);
    }

    /** All variables that a template sees, by the names that transformers gives them. */
    Map<String, @Nullable Object> variables() {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        variables.put("messages", messages);
        variables.put("tools", tools.isEmpty() ? null : tools);
        variables.put("documents", null);
        variables.put("add_generation_prompt", generationPrompt);
        variables.putAll(extras);
        return variables;
    }
}
