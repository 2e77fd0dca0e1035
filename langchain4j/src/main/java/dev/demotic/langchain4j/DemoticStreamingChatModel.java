package dev.demotic.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.concurrent.Flow.Publisher;

/**
 * A chat model in the same process whose replies come as they are generated, each on a virtual thread of its own.
 *
 * <p>A request that cannot be served is refused at once; what fails later goes to {@code onError}.
 */
public final class DemoticStreamingChatModel implements StreamingChatModel {
    private final ChatEngine engine;

    private DemoticStreamingChatModel(ChatEngine engine) {
        this.engine = engine;
    }

    public static Builder builder() {
        return new Builder();
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        new HandledReply(engine, engine.prepare(request), handler).start();
    }

    /** Each subscription generates a reply of its own, no faster than it is asked for. */
    @Override
    public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
        ChatEngine.Call call = engine.prepare(request);
        return subscriber -> new PublishedReply(engine, call, subscriber).start();
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return engine.defaults();
    }

    @Override
    public List<ChatModelListener> listeners() {
        return engine.listeners();
    }

    /** Builds a {@link DemoticStreamingChatModel}. */
    public static final class Builder extends ChatModelBuilder<Builder> {
        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        public DemoticStreamingChatModel build() {
            return new DemoticStreamingChatModel(engine());
        }
    }
}
