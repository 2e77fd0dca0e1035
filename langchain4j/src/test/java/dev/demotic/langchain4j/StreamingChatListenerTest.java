package dev.demotic.langchain4j;

import dev.demotic.runtime.DemoticException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;

/** LangChain4j's tests of what listeners of streaming models are told. */
class StreamingChatListenerTest extends AbstractStreamingChatModelListenerIT {
    @Override
    protected StreamingChatModel createModel(ChatModelListener listener) {
        return builder(listener).build();
    }

    private DemoticStreamingChatModel.Builder builder(ChatModelListener listener) {
        return DemoticStreamingChatModel.builder()
                .model(TestModel.TARGET)
                .method(CleverDecoding.prepared())
                .modelName(modelName())
                .temperature(temperature())
                .topP(topP())
                .maxOutputTokens(maxTokens())
                .listeners(List.of(listener));
    }

    @Override
    protected String modelName() {
        return "medium";
    }

    @Override
    protected StreamingChatModel createFailingModel(ChatModelListener listener) {
        return builder(listener).build();
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return DemoticException.class;
    }

    @Override
    protected boolean supportsTools() {
        return false;
    }
}
