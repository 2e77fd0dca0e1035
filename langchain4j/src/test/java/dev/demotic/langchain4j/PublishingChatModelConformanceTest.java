package dev.demotic.langchain4j;

import dev.langchain4j.model.chat.common.StreamingMode;
import java.util.List;

/** The same tests through {@link java.util.concurrent.Flow}. */
class PublishingChatModelConformanceTest extends StreamingChatModelConformanceTest {
    @Override
    protected List<StreamingMode> streamingModes() {
        return List.of(StreamingMode.PUBLISHER);
    }
}
