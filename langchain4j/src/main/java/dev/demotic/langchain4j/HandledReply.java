package dev.demotic.langchain4j;

import dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;

/** A reply that is handed to a handler, on a thread of its own. What the handler throws goes to its own {@code onError}. */
final class HandledReply implements StreamingHandle {
    private final ChatEngine engine;
    private final ChatEngine.Call call;
    private final StreamingChatResponseHandler handler;
    private final Thread thread = Replies.thread(this::run);
    private volatile boolean cancelled;

    HandledReply(ChatEngine engine, ChatEngine.Call call, StreamingChatResponseHandler handler) {
        this.engine = engine;
        this.call = call;
        this.handler = handler;
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            ChatResponse response = engine.answer(call, this::deliver);
            if (!cancelled) {
                InternalStreamingChatResponseHandlerUtils.onCompleteResponse(handler, response);
            }
        } catch (Throwable failure) {
            if (!cancelled) {
                InternalStreamingChatResponseHandlerUtils.withLoggingExceptions(() -> handler.onError(failure));
            }
        }
    }

    private void deliver(ChatModelStreamingEvent event) {
        if (!cancelled && event instanceof PartialResponse part) {
            InternalStreamingChatResponseHandlerUtils.onPartialResponse(handler, part.text(), this);
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        thread.interrupt();
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }
}
