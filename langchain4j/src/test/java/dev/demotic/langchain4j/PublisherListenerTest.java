package dev.demotic.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelPublisherListenerTest;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;

/** LangChain4j's tests of what listeners of a published reply are told. */
class PublisherListenerTest extends AbstractStreamingChatModelPublisherListenerTest {
    @Override
    protected StreamingChatModel createModel(ChatModelListener listener, StreamScenario scenario) {
        int chunks = Math.max(1, scenario.contentChunks());
        return DemoticStreamingChatModel.builder()
                .model(scenario.fail() ? TestModel.closed() : TestModel.TARGET)
                .method(CleverDecoding.saying(" fox".repeat(chunks), (int) (scenario.spreadOverMillis() / chunks)))
                .listeners(List.of(listener))
                .build();
    }
}
