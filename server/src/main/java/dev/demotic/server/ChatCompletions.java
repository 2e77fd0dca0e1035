package dev.demotic.server;

import dev.demotic.decoding.FinishReason;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.decoding.tools.ToolCall;
import dev.demotic.decoding.tools.ToolCallParser;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code /v1/chat/completions}. */
final class ChatCompletions implements Endpoint {
    private static final int MOST_ALTERNATIVES = 20;

    private final Models models;
    private final Choices choices;
    private final ServerOptions options;

    ChatCompletions(Models models, Choices choices, ServerOptions options) {
        this.models = models;
        this.choices = choices;
        this.options = options;
    }

    @Override
    public void handle(Exchange exchange) {
        Fields fields = exchange.fields();
        ServedModel served = models.of(fields);
        fields.find("messages").ifPresent(messages -> TextLimit.check(messages, served, "messages"));
        ChatPrompt chat = ChatPrompt.of(Messages.conversation(fields), served);
        int maxTokens = fields.whole("max_completion_tokens", 1, Integer.MAX_VALUE)
                .or(() -> fields.whole("max_tokens", 1, Integer.MAX_VALUE))
                .orElse(Integer.MAX_VALUE);
        Wish wish = Wish.read(fields, served, maxTokens, logprobs(fields)).withCallsShown(chat);
        int[] prompt = wish.generation().encode(chat.prepared());
        wish.checkLength(prompt.length, "messages");
        if (options.logPrompts()) {
            exchange.notes().with("messages", Json.map(fields.json()).get("messages"));
        }
        try (Admission.Permit _ = choices.enter(wish, prompt.length, wish.replies())) {
            List<Reply> replies = wish.isStreamed()
                    ? stream(exchange, wish, chat, prompt)
                    : answer(exchange, wish, chat, prompt, logprobs(fields) >= 0);
            if (options.logPrompts()) {
                exchange.notes()
                        .with("replies", replies.stream().map(Reply::text).toList());
            }
        }
    }

    private static int logprobs(Fields fields) {
        boolean wanted = fields.flag("logprobs", false);
        int alternatives = fields.whole("top_logprobs", 0, MOST_ALTERNATIVES).orElse(0);
        if (alternatives > 0 && !wanted) {
            throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs to be true");
        }
        return wanted ? alternatives : -1;
    }

    private static JsonObject frame(Wish wish, String kind) {
        return Json.object()
                .with("id", Ids.next("chatcmpl-"))
                .with("object", kind)
                .with("created", System.currentTimeMillis() / 1000)
                .with("model", wish.served().name());
    }

    private static String finishReason(Reply reply, boolean calls) {
        return calls && reply.finishReason() == FinishReason.STOP
                ? "tool_calls"
                : reply.finishReason().label();
    }

    private List<Reply> answer(Exchange exchange, Wish wish, ChatPrompt chat, int[] prompt, boolean likelihoods) {
        List<Reply> replies = choices.generate(exchange, wish, prompt, 0, wish.replies());
        List<JsonObject> described = new ArrayList<>();
        for (Reply reply : replies) {
            ChatPrompt.Parts parts = chat.split(reply.text());
            boolean calls = !parts.calls().isEmpty();
            JsonObject message = Json.object()
                    .with("role", "assistant")
                    .with(
                            "content",
                            calls && parts.text().isEmpty()
                                    ? null
                                    : parts.text().toString())
                    .with("refusal", null);
            if (calls) {
                message.with(
                        "tool_calls",
                        parts.calls().stream().map(ChatCompletions::describe).toList());
            }
            List<TokenLogprobs> tokens = reply.logprobs().stream()
                    .filter(token -> !wish.endsWith(token.token()))
                    .toList();
            described.add(Json.object()
                    .with("index", described.size())
                    .with("message", message)
                    .with("logprobs", likelihoods ? likelihoods(wish).ofChat(tokens) : null)
                    .with("finish_reason", finishReason(reply, calls)));
        }
        exchange.json(frame(wish, "chat.completion")
                .with("choices", described)
                .with("usage", Accounts.usage(replies))
                .with("timings", Accounts.timings(replies)));
        return replies;
    }

    private static Likelihoods likelihoods(Wish wish) {
        return new Likelihoods(wish.served().model().tokenizer());
    }

    private static JsonObject describe(ToolCall call) {
        return Json.object()
                .with("id", Ids.next("call_"))
                .with("type", "function")
                .with("function", Json.object().with("name", call.name()).with("arguments", call.arguments()));
    }

    private List<Reply> stream(Exchange exchange, Wish wish, ChatPrompt chat, int[] prompt) {
        EventStream events = exchange.stream();
        JsonObject frame = frame(wish, "chat.completion.chunk");
        List<Reply> replies = choices.generate(
                exchange, wish, prompt, 0, wish.replies(), index -> new Choice(wish, chat, events, frame, index));
        if (wish.wantsUsage()) {
            JsonObject last = Json.object();
            last.putAll(frame);
            events.send(last.with("choices", List.of())
                    .with("usage", Accounts.usage(replies))
                    .with("timings", Accounts.timings(replies)));
        }
        events.done();
        events.close();
        return replies;
    }

    /** A reply that is streamed. */
    private static final class Choice extends Pieces {
        private final Wish wish;
        private final ChatPrompt.Splitter splitter;
        private final int index;
        private int calls;

        Choice(Wish wish, ChatPrompt chat, EventStream events, JsonObject frame, int index) {
            super(wish, events, frame, index);
            this.wish = wish;
            this.index = index;
            splitter = chat.split(new ToolCallParser.Listener() {
                @Override
                public void text(String text) {
                    sendText(text);
                }

                @Override
                public void call(ToolCall call) {
                    sendCall(call);
                }
            });
            send(choice(
                    Json.object().with("role", "assistant").with("content", "").with("refusal", null), null, null));
        }

        @Override
        void piece(String text) {
            splitter.accept(text);
        }

        @Override
        public void done(Reply reply) {
            release();
            splitter.finish();
            String reason = finishReason(reply, calls > 0);
            sendLast(choice(Json.object(), likelihoods(), reason), reply);
        }

        private void sendText(String text) {
            send(choice(Json.object().with("content", text), likelihoods(), null));
        }

        private void sendCall(ToolCall call) {
            JsonObject start = Json.object().with("index", calls);
            start.putAll(describe(new ToolCall(call.name(), "")));
            send(choice(Json.object().with("tool_calls", List.of(start)), likelihoods(), null));
            JsonObject arguments = Json.object()
                    .with("index", calls)
                    .with("function", Json.object().with("arguments", call.arguments()));
            send(choice(Json.object().with("tool_calls", List.of(arguments)), null, null));
            calls++;
        }

        private @Nullable JsonObject likelihoods() {
            List<TokenLogprobs> tokens = takeLikelihoods();
            return tokens.isEmpty() ? null : ChatCompletions.likelihoods(wish).ofChat(tokens);
        }

        private JsonObject choice(JsonObject delta, @Nullable JsonObject logprobs, @Nullable String reason) {
            return Json.object()
                    .with("index", index)
                    .with("delta", delta)
                    .with("logprobs", logprobs)
                    .with("finish_reason", reason);
        }
    }
}
