package dev.demotic.server;

import dev.demotic.decoding.FinishReason;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.tools.ToolCall;
import dev.demotic.decoding.tools.ToolCallParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** {@code /v1/responses}, without memory: a request holds all that the model is to know. */
final class Responses implements Endpoint {
    private static final List<String> STATEFUL = List.of("previous_response_id", "conversation", "prompt");

    private static final String LIKELIHOODS = "message.output_text.logprobs";

    private final Models models;
    private final Choices choices;
    private final ServerOptions options;

    Responses(Models models, Choices choices, ServerOptions options) {
        this.models = models;
        this.choices = choices;
        this.options = options;
    }

    @Override
    public void handle(Exchange exchange) {
        Fields fields = exchange.fields();
        ServedModel served = models.of(fields);
        refuse(fields);
        for (String field : List.of("input", "instructions")) {
            fields.find(field).ifPresent(text -> TextLimit.check(text, served, field));
        }
        ChatPrompt chat = ChatPrompt.of(Messages.ofResponse(fields), served);
        int maxTokens = fields.whole("max_output_tokens", 1, Integer.MAX_VALUE).orElse(Integer.MAX_VALUE);
        Wish wish = Wish.read(fields, served, maxTokens, -1).withCallsShown(chat);
        int[] prompt = wish.generation().encode(chat.prepared());
        wish.checkLength(prompt.length, "input");
        if (options.logPrompts()) {
            exchange.notes().with("input", fields.json().get("input"));
        }
        Draft draft = new Draft(fields, wish);
        try (Admission.Permit _ = choices.enter(wish, prompt.length, 1)) {
            Reply reply = wish.isStreamed()
                    ? stream(exchange, wish, chat, prompt, draft)
                    : answer(exchange, wish, chat, prompt, draft);
            if (options.logPrompts()) {
                exchange.notes().with("replies", List.of(reply.text()));
            }
        }
    }

    private static void refuse(Fields fields) {
        for (String field : STATEFUL) {
            if (fields.has(field)) {
                throw ApiException.unsupported(
                        field, field + " is not supported: this server remembers no responses; send the whole input");
            }
        }
        if (fields.flag("background", false)) {
            throw ApiException.unsupported("background", "background is not supported; keep the connection, or stream");
        }
        Optional<String> format =
                fields.object("text").flatMap(text -> text.object("format")).map(each -> each.requiredString("type"));
        if (format.isPresent() && !format.get().equals("text")) {
            throw ApiException.unsupported(
                    "text.format",
                    "text.format " + format.get() + " is not supported yet: nothing would hold the text to it");
        }
        if (!fields.string("truncation").orElse("disabled").equals("disabled")) {
            throw ApiException.unsupported(
                    "truncation", "truncation can only be disabled: what is too long is refused, not shortened");
        }
        if (fields.strings("include").contains(LIKELIHOODS)
                || fields.whole("top_logprobs", 0, 20).orElse(0) > 0) {
            throw ApiException.unsupported(
                    fields.has("top_logprobs") ? "top_logprobs" : "include",
                    "responses do not tell likelihoods yet; ask /v1/chat/completions for logprobs");
        }
        if (fields.whole("n", 1, 1).isPresent()) {
            throw ApiException.unsupported("n", "a response has one reply; leave out n");
        }
    }

    /** A response on its way: its frame, and the items that are complete. */
    private static final class Draft {
        private final Fields request;
        private final Wish wish;
        private final String id = Ids.next("resp_");
        private final long created = System.currentTimeMillis() / 1000;
        private final List<JsonObject> output = new ArrayList<>();

        Draft(Fields request, Wish wish) {
            this.request = request;
            this.wish = wish;
        }

        /** @param reply null as long as it is not complete */
        JsonObject describe(@Nullable Reply reply) {
            String status = reply == null ? "in_progress" : status(reply);
            JsonObject response = Json.object()
                    .with("id", id)
                    .with("object", "response")
                    .with("created_at", created)
                    .with("status", status)
                    .with("error", null)
                    .with(
                            "incomplete_details",
                            status.equals("incomplete") ? Json.object().with("reason", "max_output_tokens") : null)
                    .with("instructions", given("instructions", null))
                    .with("max_output_tokens", given("max_output_tokens", null))
                    .with("metadata", given("metadata", Json.object()))
                    .with("model", wish.served().name())
                    .with("output", List.copyOf(output))
                    .with("parallel_tool_calls", true)
                    .with("previous_response_id", null)
                    .with("store", false)
                    .with("temperature", wish.generation().sampling().temperature())
                    .with("text", Json.object().with("format", Json.object().with("type", "text")))
                    .with("tool_choice", given("tool_choice", "auto"))
                    .with("tools", tools())
                    .with("top_p", wish.generation().sampling().topP())
                    .with("truncation", "disabled")
                    .with("usage", null);
            return reply == null
                    ? response
                    : response.with("usage", usage(reply)).with("timings", Accounts.timings(List.of(reply)));
        }

        private @Nullable Object given(String field, @Nullable Object otherwise) {
            Optional<JsonNode> value = request.find(field);
            return value.isPresent() ? value.get() : otherwise;
        }

        /** The tools as given, but for what is not kept: nothing holds calls to a schema. */
        private List<Map<String, Object>> tools() {
            List<Map<String, Object>> tools = new ArrayList<>();
            for (Fields tool : request.objects("tools")) {
                Map<String, Object> described = Json.map(tool.json());
                described.put("strict", false);
                tools.add(described);
            }
            return tools;
        }

        private static JsonObject usage(Reply reply) {
            Reply.Usage usage = reply.usage();
            return Json.object()
                    .with("input_tokens", usage.promptTokens())
                    .with(
                            "input_tokens_details",
                            Json.object()
                                    .with("cached_tokens", usage.cachedTokens())
                                    .with("cache_write_tokens", 0))
                    .with("output_tokens", usage.completionTokens())
                    .with("output_tokens_details", Json.object().with("reasoning_tokens", 0))
                    .with("total_tokens", usage.totalTokens());
        }
    }

    /** Of a response, and of its last message. */
    private static String status(Reply reply) {
        return reply.finishReason() == FinishReason.LENGTH ? "incomplete" : "completed";
    }

    private static JsonObject part(String text) {
        return Json.object()
                .with("type", "output_text")
                .with("text", text)
                .with("annotations", List.of())
                .with("logprobs", List.of());
    }

    private static JsonObject message(String id, String status, List<JsonObject> content) {
        return Json.object()
                .with("id", id)
                .with("type", "message")
                .with("status", status)
                .with("role", "assistant")
                .with("content", content);
    }

    private static JsonObject call(String id, String callId, String status, ToolCall call) {
        return Json.object()
                .with("id", id)
                .with("type", "function_call")
                .with("status", status)
                .with("call_id", callId)
                .with("name", call.name())
                .with("arguments", call.arguments());
    }

    private Reply answer(Exchange exchange, Wish wish, ChatPrompt chat, int[] prompt, Draft draft) {
        Reply reply = choices.generate(exchange, wish, prompt, 0, 1).getFirst();
        ChatPrompt.Parts parts = chat.split(reply.text());
        if (!parts.text().isEmpty() || parts.calls().isEmpty()) {
            draft.output.add(message(
                    Ids.next("msg_"), status(reply), List.of(part(parts.text().toString()))));
        }
        for (ToolCall each : parts.calls()) {
            draft.output.add(call(Ids.next("fc_"), Ids.next("call_"), "completed", each));
        }
        exchange.json(draft.describe(reply));
        return reply;
    }

    private Reply stream(Exchange exchange, Wish wish, ChatPrompt chat, int[] prompt, Draft draft) {
        Events events = new Events(exchange.stream());
        events.send("response.created", Json.object().with("response", draft.describe(null)));
        events.send("response.in_progress", Json.object().with("response", draft.describe(null)));
        Reply reply = choices.generate(exchange, wish, prompt, 0, 1, _ -> new Items(chat, events, draft))
                .getFirst();
        events.sendLast("response." + status(reply), Json.object().with("response", draft.describe(reply)));
        events.stream.close();
        return reply;
    }

    /** Numbered events, each with its type. */
    private static final class Events {
        private final EventStream stream;
        private int number;

        Events(EventStream stream) {
            this.stream = stream;
        }

        void send(String type, JsonObject fields) {
            stream.send(type, numbered(type, fields));
        }

        void sendLast(String type, JsonObject fields) {
            stream.done(type, numbered(type, fields));
        }

        private JsonObject numbered(String type, JsonObject fields) {
            JsonObject event = Json.object().with("type", type).with("sequence_number", number++);
            event.putAll(fields);
            return event;
        }
    }

    /** The items of a response, opened and closed as the reply comes. */
    private static final class Items implements Choices.Listener {
        private final ChatPrompt.Splitter splitter;
        private final Events events;
        private final Draft draft;
        private final StringBuilder text = new StringBuilder();
        /** The message that is being written; empty if none is. */
        private String messageId = "";

        Items(ChatPrompt chat, Events events, Draft draft) {
            this.events = events;
            this.draft = draft;
            splitter = chat.split(new ToolCallParser.Listener() {
                @Override
                public void text(String piece) {
                    addText(piece);
                }

                @Override
                public void call(ToolCall call) {
                    addCall(call);
                }
            });
        }

        @Override
        public void text(String piece) {
            splitter.accept(piece);
        }

        @Override
        public void done(Reply reply) {
            splitter.finish();
            closeMessage(status(reply));
        }

        private JsonObject at(String id) {
            return Json.object().with("item_id", id).with("output_index", draft.output.size());
        }

        private JsonObject item(JsonObject item) {
            return Json.object().with("output_index", draft.output.size()).with("item", item);
        }

        private void addText(String piece) {
            if (messageId.isEmpty()) {
                messageId = Ids.next("msg_");
                events.send("response.output_item.added", item(message(messageId, "in_progress", List.of())));
                events.send(
                        "response.content_part.added",
                        at(messageId).with("content_index", 0).with("part", part("")));
            }
            text.append(piece);
            events.send(
                    "response.output_text.delta",
                    at(messageId).with("content_index", 0).with("delta", piece).with("logprobs", List.of()));
        }

        private void closeMessage(String status) {
            if (messageId.isEmpty()) {
                return;
            }
            String whole = text.toString();
            events.send(
                    "response.output_text.done",
                    at(messageId).with("content_index", 0).with("text", whole).with("logprobs", List.of()));
            events.send(
                    "response.content_part.done",
                    at(messageId).with("content_index", 0).with("part", part(whole)));
            add(message(messageId, status, List.of(part(whole))));
            messageId = "";
            text.setLength(0);
        }

        private void addCall(ToolCall call) {
            closeMessage("completed");
            String id = Ids.next("fc_");
            String callId = Ids.next("call_");
            events.send(
                    "response.output_item.added", item(call(id, callId, "in_progress", new ToolCall(call.name(), ""))));
            events.send("response.function_call_arguments.delta", at(id).with("delta", call.arguments()));
            events.send(
                    "response.function_call_arguments.done",
                    at(id).with("name", call.name()).with("arguments", call.arguments()));
            add(Responses.call(id, callId, "completed", call));
        }

        private void add(JsonObject item) {
            events.send("response.output_item.done", item(item));
            draft.output.add(item);
        }
    }
}
