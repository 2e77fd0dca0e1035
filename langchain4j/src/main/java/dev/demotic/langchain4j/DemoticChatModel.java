package dev.demotic.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A chat model in the same process. Safe for use by many threads: their requests share the engine's steps.
 *
 * <pre>{@code
 * ChatModel chat = DemoticChatModel.builder().model(LanguageModel.open(path)).temperature(0.2).build();
 * String answer = chat.chat("Explain mutexes.");
 * }</pre>
 */
public final class DemoticChatModel implements ChatModel {
    private final ChatEngine engine;

    private DemoticChatModel(ChatEngine engine) {
        this.engine = engine;
    }

    public static Builder builder() {
        return new Builder();
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        return engine.answer(engine.prepare(request), _ -> {});
    }

    @Override
    public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
        ChatEngine.Call call = engine.prepare(request);
        return Replies.future(() -> engine.answer(call, _ -> {}));
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return engine.defaults();
    }

    @Override
    public List<ChatModelListener> listeners() {
        return engine.listeners();
    }

    /** Builds a {@link DemoticChatModel}. */
    public static final class Builder extends ChatModelBuilder<Builder> {
        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        public DemoticChatModel build() {
            return new DemoticChatModel(engine());
        }
    }
}
