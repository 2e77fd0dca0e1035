package dev.demotic.decoding.tools;

import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.ChatTemplate;
import dev.demotic.runtime.template.Conversation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tools for a model: tells it of them, and reads its calls.
 *
 * <p>Chat templates of models that were trained to call tools say so themselves. Where a template knows no tools, they are
 * described in the system message, and calls and results become text.
 */
public final class ToolUse {
    private static final Pattern KNOWS_TOOLS = Pattern.compile("\\btools\\b");

    private static final ChatTemplate OFFER = ChatTemplate.parse("""
            {%- if system %}{{ system }}

            {% endif -%}
            You can call these tools:
            {% for tool in tools %}{{ tool | tojson }}
            {% endfor -%}
            To call one, write only <tool_call>{"name": NAME, "arguments": {ARGUMENTS}}</tool_call>, once for each call.""");

    private static final ChatTemplate CALLS = ChatTemplate.parse("""
            {%- if content %}{{ content }}
            {% endif -%}
            {%- for call in calls -%}
            <tool_call>{{ {"name": call.function.name, "arguments": call.function.arguments} | tojson }}</tool_call>
            {%- endfor %}""");

    private static final ChatTemplate RESULT = ChatTemplate.parse("<tool_response>{{ content }}</tool_response>");

    private final ToolCallFormat format;
    private final boolean templateKnowsTools;

    private ToolUse(ToolCallFormat format, boolean templateKnowsTools) {
        this.format = format;
        this.templateKnowsTools = templateKnowsTools;
    }

    /** @throws dev.demotic.runtime.DemoticException if the model has no chat template */
    public static ToolUse of(LanguageModel model) {
        return of(model.chatTemplate().source());
    }

    static ToolUse of(String template) {
        boolean knowsTools = KNOWS_TOOLS.matcher(template).find();
        return new ToolUse(knowsTools ? ToolCallFormat.ofTemplate(template) : ToolCallFormat.GENERIC, knowsTools);
    }

    public ToolCallFormat format() {
        return format;
    }

    /** The conversation as the model's template can render it, with its tools told of. */
    public Conversation prepare(Conversation conversation) {
        if (templateKnowsTools) {
            return conversation;
        }
        List<ChatMessage> messages = new ArrayList<>();
        conversation.messages().forEach(message -> messages.add(asText(message)));
        if (!conversation.tools().isEmpty()) {
            Object system = "";
            if (!messages.isEmpty() && messages.getFirst().role().equals("system")) {
                system = Objects.requireNonNullElse(
                        messages.removeFirst().fields().get("content"), "");
            }
            String offer = OFFER.render(Map.of("system", system, "tools", conversation.tools()));
            messages.addFirst(ChatMessage.system(offer));
        }
        return conversation.withTools(List.of()).withMessages(messages);
    }

    /** A parser for one reply to this conversation. */
    public ToolCallParser parser(Conversation conversation, ToolCallParser.Listener listener) {
        return new ToolCallParser(format, names(conversation), listener);
    }

    private static Set<String> names(Conversation conversation) {
        return conversation.tools().stream()
                .map(tool -> tool.get("function") instanceof Map<?, ?> function ? function : tool)
                .map(function -> String.valueOf(function.get("name")))
                .collect(Collectors.toSet());
    }

    private static ChatMessage asText(ChatMessage message) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        variables.put("content", message.fields().get("content"));
        if (message.role().equals("tool")) {
            return ChatMessage.user(RESULT.render(variables));
        }
        if (message.fields().get("tool_calls") instanceof List<?> calls) {
            variables.put("calls", calls);
            return ChatMessage.assistant(CALLS.render(variables));
        }
        return message;
    }
}
