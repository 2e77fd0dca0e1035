package dev.demotic.langchain4j;

import dev.demotic.decoding.Pooling;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import java.util.List;

/** LangChain4j's tests of embedding models. Off, and tested to be refused: input types, other dimensions, images. */
class EmbeddingModelConformanceTest extends AbstractEmbeddingModelIT {
    @Override
    protected List<EmbeddingModel> models() {
        return List.of(
                DemoticEmbeddingModel.builder().model(TestModel.TARGET).build(),
                DemoticEmbeddingModel.builder()
                        .model(TestModel.TARGET)
                        .pooling(Pooling.LAST)
                        .build());
    }

    @Override
    protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
        return DemoticEmbeddingModel.builder()
                .model(TestModel.TARGET)
                .listeners(List.of(listener))
                .build();
    }

    @Override
    protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
        return DemoticEmbeddingModel.builder()
                .model(TestModel.closed())
                .listeners(List.of(listener))
                .build();
    }

    @Override
    protected boolean supportsInputTypeParameter() {
        return false;
    }

    @Override
    protected boolean supportsDimensionsParameter() {
        return false;
    }

    @Override
    protected boolean supportsImageInput() {
        return false;
    }
}
