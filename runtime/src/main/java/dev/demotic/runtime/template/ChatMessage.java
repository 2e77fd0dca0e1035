package dev.demotic.runtime.template;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One turn of a conversation: a role, its content, and any other field that a template may read.
 *
 * @param fields the fields by name, in order, as templates see them; values are maps, lists, strings, numbers, booleans
 *     or null
 */
public record ChatMessage(Map<String, @Nullable Object> fields) {
    public ChatMessage {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /** A call that the assistant makes; templates see it as {@code {type, id, function: {name, arguments}}}. */
    public record ToolCall(String id, String name, Map<String, Object> arguments) {
        Map<String, Object> toMap() {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", name);
            function.put("arguments", arguments);
            Map<String, Object> call = new LinkedHashMap<>();
            call.put("type", "function");
            call.put("id", id);
            call.put("function", function);
            return call;
        }
    }

    /**
     * A message of any role.
     *
     * @param content text, a list of content parts (maps with a {@code type}), or null
     */
    public static ChatMessage of(String role, @Nullable Object content) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("role", role);
        fields.put("content", content);
        return new ChatMessage(fields);
    }

    public static ChatMessage system(String content) {
        return of("system", content);
    }

    public static ChatMessage user(String content) {
        return of("user", content);
    }

    public static ChatMessage assistant(String content) {
        return of("assistant", content);
    }

    /** The assistant's turn when it calls tools instead of answering. */
    public static ChatMessage assistant(List<ToolCall> calls) {
        return of("assistant", null)
                .with("tool_calls", calls.stream().map(ToolCall::toMap).toList());
    }

    /** What a tool answered to the call with this id. */
    public static ChatMessage tool(String callId, String name, String content) {
        return of("tool", content).with("tool_call_id", callId).with("name", name);
    }

    /** This message with a further field, or with another value for it. */
    public ChatMessage with(String field, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(fields);
        more.put(field, value);
        return new ChatMessage(more);
    }

    public String role() {
        return fields.get("role") instanceof String role ? role : "";
    }
}
