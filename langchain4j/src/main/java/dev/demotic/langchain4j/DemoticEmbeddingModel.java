package dev.demotic.langchain4j;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Pooling;
import dev.demotic.runtime.LanguageModel;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Embeddings in the same process: the hidden states after the model's last layer, pooled and scaled to length 1.
 *
 * <p>They are as good as the model was trained for it; most models that chat were not. Safe for use by many threads.
 */
public final class DemoticEmbeddingModel implements EmbeddingModel {
    private final LanguageModel model;
    private final String modelName;
    private final Pooling pooling;
    private final List<EmbeddingModelListener> listeners;

    private DemoticEmbeddingModel(Builder builder) {
        model = Objects.requireNonNull(builder.model, "an embedding model is built on a LanguageModel; set model(…)");
        modelName = builder.modelName == null ? ChatEngine.nameOf(model) : builder.modelName;
        pooling = builder.pooling;
        listeners = builder.listeners;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** @throws dev.demotic.runtime.DemoticException if a text is empty or longer than the context */
    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        Generation generation = Generation.with(model);
        List<Embedding> embeddings = new ArrayList<>();
        int count = 0;
        for (EmbeddingInput input : request.inputs()) {
            int[] tokens = generation.encode(input.text());
            embeddings.add(Embedding.from(pooling.embed(model, tokens)));
            count += tokens.length;
        }
        return EmbeddingResponse.builder()
                .embeddings(embeddings)
                .modelName(modelName)
                .tokenUsage(new TokenUsage(count))
                .build();
    }

    @Override
    public CompletableFuture<EmbeddingResponse> doEmbedAsync(EmbeddingRequest request) {
        return Replies.future(() -> doEmbed(request));
    }

    @Override
    public int dimension() {
        return model.config().width();
    }

    @Override
    public String modelName() {
        return modelName;
    }

    @Override
    public List<EmbeddingModelListener> listeners() {
        return listeners;
    }

    /** Builds a {@link DemoticEmbeddingModel}. */
    public static final class Builder {
        private @Nullable LanguageModel model;
        private @Nullable String modelName;
        private Pooling pooling = Pooling.MEAN;
        private List<EmbeddingModelListener> listeners = List.of();

        private Builder() {}

        /** The model; it may serve others at the same time, and whoever opened it closes it. */
        public Builder model(LanguageModel opened) {
            model = opened;
            return this;
        }

        /** The name that responses bear; without it, that of the model's file. */
        public Builder modelName(String name) {
            modelName = name;
            return this;
        }

        /** {@link Pooling#MEAN} if unset. */
        public Builder pooling(Pooling way) {
            pooling = way;
            return this;
        }

        public Builder listeners(List<EmbeddingModelListener> all) {
            listeners = List.copyOf(all);
            return this;
        }

        public DemoticEmbeddingModel build() {
            return new DemoticEmbeddingModel(this);
        }
    }
}
