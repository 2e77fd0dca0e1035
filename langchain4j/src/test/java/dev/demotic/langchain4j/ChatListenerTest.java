package dev.demotic.langchain4j;

import dev.demotic.runtime.DemoticException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;

/** LangChain4j's tests of what listeners are told. */
class ChatListenerTest extends AbstractChatModelListenerIT {
    @Override
    protected ChatModel createModel(ChatModelListener listener) {
        return builder(listener).build();
    }

    private DemoticChatModel.Builder builder(ChatModelListener listener) {
        return DemoticChatModel.builder()
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
    protected ChatModel createFailingModel(ChatModelListener listener) {
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
