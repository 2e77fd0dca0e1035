package dev.demotic.server;

import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.ChatMessage.ToolCall;
import dev.demotic.runtime.template.Conversation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Conversations as chat requests hold them. */
final class Messages {
    private static final Set<String> TEXT_PARTS = Set.of("text", "input_text", "output_text", "refusal");

    private final List<ChatMessage> messages = new ArrayList<>();
    /** Names of called tools by the ids of the calls. */
    private final Map<String, String> called = new HashMap<>();

    private Messages() {}

    /** The conversation of a request for a chat completion. */
    static Conversation conversation(Fields request) {
        Messages messages = new Messages();
        List<Fields> given = request.objects("messages");
        if (given.isEmpty()) {
            throw request.missing("messages");
        }
        given.forEach(messages::add);
        if (!Set.of("text").containsAll(request.strings("modalities"))) {
            throw ApiException.unsupported("modalities", "modalities can be text alone: the model says nothing else");
        }
        if (request.has("functions")) {
            throw ApiException.unsupported("functions", "functions is not supported; offer them as tools");
        }
        Conversation conversation = Conversation.of(messages.messages).withTools(tools(request));
        Optional<Fields> variables = request.object("chat_template_kwargs");
        if (variables.isPresent()) {
            for (Map.Entry<String, Object> variable :
                    Json.map(variables.get().json()).entrySet()) {
                conversation = conversation.with(variable.getKey(), variable.getValue());
            }
        }
        return conversation;
    }

    private void add(Fields message) {
        String role = message.requiredString("role");
        switch (role) {
            case "system", "developer" -> messages.add(ChatMessage.system(requiredText(message)));
            case "user" -> messages.add(ChatMessage.user(requiredText(message)));
            case "assistant" -> messages.add(assistant(message));
            case "tool" -> addResult(message.requiredString("tool_call_id"), requiredText(message));
            default ->
                throw ApiException.invalid(
                        message.path("role"),
                        message.path("role") + " is '" + role
                                + "', but must be system, developer, user, assistant or tool");
        }
    }

    private ChatMessage assistant(Fields message) {
        List<ToolCall> calls = new ArrayList<>();
        for (Fields call : message.objects("tool_calls")) {
            Fields function = call.object("function").orElseThrow(() -> call.missing("function"));
            calls.add(call(
                    call.string("id").orElse(""),
                    function.requiredString("name"),
                    function.string("arguments").orElse("")));
        }
        if (calls.isEmpty()) {
            return ChatMessage.assistant(requiredText(message));
        }
        return ChatMessage.assistant(calls).with("content", text(message).orElse(""));
    }

    private ToolCall call(String id, String name, String arguments) {
        called.put(id, name);
        return new ToolCall(id, name, Json.map(arguments));
    }

    private void addResult(String id, String result) {
        messages.add(ChatMessage.tool(id, called.getOrDefault(id, ""), result));
    }

    private static String requiredText(Fields message) {
        return text(message).orElseThrow(() -> message.missing("content"));
    }

    private static Optional<String> text(Fields message) {
        return text(message, "content");
    }

    /** What a field holds that is a string, or parts that hold text. */
    private static Optional<String> text(Fields message, String name) {
        Optional<JsonNode> content = message.find(name);
        if (content.isEmpty() || content.get().isString()) {
            return content.map(JsonNode::stringValue);
        }
        StringBuilder text = new StringBuilder();
        for (Fields part : message.objects(name, "a string or an array of parts")) {
            String type = part.requiredString("type");
            if (!TEXT_PARTS.contains(type)) {
                throw ApiException.unsupported(part.path("type"), "the model reads text alone, not " + type);
            }
            text.append(part.requiredString(type.equals("refusal") ? "refusal" : "text"));
        }
        return Optional.of(text.toString());
    }

    /** The tools on offer, as templates take them. */
    private static List<Map<String, Object>> tools(Fields request) {
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Fields tool : request.objects("tools")) {
            checkIsFunction(tool);
            Fields function = tool.object("function").orElseThrow(() -> tool.missing("function"));
            function.requiredString("name");
            checkStrict(function);
            tools.add(Json.map(tool.json()));
        }
        return isOffered(request) ? tools : List.of();
    }

    private static void checkIsFunction(Fields tool) {
        String type = tool.string("type").orElse("function");
        if (!type.equals("function")) {
            throw ApiException.unsupported(
                    tool.path("type"), "tools of type " + type + " are not supported; functions are");
        }
    }

    /** Clients ask unbidden that calls keep to the schema; it is up to the model whether they do. */
    private static void checkStrict(Fields function) {
        boolean _ = function.flag("strict", false);
    }

    private static boolean isOffered(Fields request) {
        boolean _ = request.flag("parallel_tool_calls", true); // likewise
        Optional<JsonNode> choice = request.find("tool_choice");
        String word =
                choice.filter(JsonNode::isString).map(JsonNode::stringValue).orElse("");
        if (choice.isPresent() && !word.equals("auto") && !word.equals("none")) {
            throw ApiException.unsupported(
                    "tool_choice",
                    "tool_choice can be auto or none: whether to call a tool, and which, is up to the model");
        }
        return !word.equals("none");
    }

    /** The conversation of a request for a response: {@code instructions}, {@code input}, and flat tools. */
    static Conversation ofResponse(Fields request) {
        Messages messages = new Messages();
        request.string("instructions").ifPresent(text -> messages.messages.add(ChatMessage.system(text)));
        JsonNode input = request.find("input").orElseThrow(() -> request.missing("input"));
        if (input.isString()) {
            messages.messages.add(ChatMessage.user(input.stringValue()));
        } else {
            request.objects("input", "a string or an array of items").forEach(messages::addItem);
        }
        if (messages.messages.isEmpty()) {
            throw request.missing("input");
        }
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Fields tool : request.objects("tools")) {
            checkIsFunction(tool);
            checkStrict(tool);
            JsonObject function = Json.object().with("name", tool.requiredString("name"));
            tool.string("description").ifPresent(text -> function.with("description", text));
            tool.object("parameters").ifPresent(schema -> function.with("parameters", Json.map(schema.json())));
            tools.add(Map.of("type", "function", "function", function));
        }
        return Conversation.of(messages.joined()).withTools(isOffered(request) ? tools : List.of());
    }

    private void addItem(Fields item) {
        String type = item.string("type").orElse("message");
        switch (type) {
            case "message" -> add(item);
            case "function_call" ->
                messages.add(ChatMessage.assistant(List.of(call(
                        item.requiredString("call_id"),
                        item.requiredString("name"),
                        item.requiredString("arguments")))));
            case "function_call_output" ->
                addResult(
                        item.requiredString("call_id"), text(item, "output").orElseThrow(() -> item.missing("output")));
            case "reasoning" -> {} // models are not shown what they thought before
            default ->
                throw ApiException.unsupported(item.path("type"), "input items of type " + type + " are not supported");
        }
    }

    /** The messages, with calls of one turn in one message. */
    private List<ChatMessage> joined() {
        List<ChatMessage> joined = new ArrayList<>();
        for (ChatMessage message : messages) {
            @Nullable Object before = joined.isEmpty() ? null : joined.getLast().fields().get("tool_calls");
            if (before instanceof List<?> earlier && message.fields().get("tool_calls") instanceof List<?> later) {
                List<Object> calls = new ArrayList<>(earlier);
                calls.addAll(later);
                joined.set(joined.size() - 1, joined.getLast().with("tool_calls", calls));
            } else {
                joined.add(message);
            }
        }
        return joined;
    }
}
