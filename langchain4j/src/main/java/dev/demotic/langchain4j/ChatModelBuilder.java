package dev.demotic.langchain4j;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.runtime.LanguageModel;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What chat models are built from. Sampling that is not set is that of {@code demotic run}: temperature 0.7, top-p 0.95.
 *
 * @param <B> the builder itself
 */
public abstract sealed class ChatModelBuilder<B extends ChatModelBuilder<B>>
        permits DemoticChatModel.Builder, DemoticStreamingChatModel.Builder {
    private final DemoticChatRequestParameters.Builder parameters =
            DemoticChatRequestParameters.builder().temperature(0.7).topP(0.95);
    private @Nullable LanguageModel model;
    private @Nullable LanguageModel draft;
    private @Nullable DecodingMethod custom;
    private @Nullable String modelName;
    private List<ChatModelListener> listeners = List.of();

    ChatModelBuilder() {}

    abstract B self();

    /** The model; it may serve others at the same time, and whoever opened it closes it. */
    public B model(LanguageModel opened) {
        model = opened;
        return self();
    }

    /** A smaller model that drafts, for the methods that have a use for one. */
    public B draft(LanguageModel opened) {
        draft = opened;
        return self();
    }

    /** The name that responses bear; without it, that of the model's file. */
    public B modelName(String name) {
        modelName = name;
        return self();
    }

    /** The decoding method as on the command line, such as {@code suffix} or {@code draft:tokens=4}; {@code auto} if unset. */
    public B method(String name) {
        parameters.method(name);
        return self();
    }

    /** A decoding method of one's own, for requests that name none. */
    public B method(DecodingMethod method) {
        custom = method;
        return self();
    }

    public B temperature(double temperature) {
        parameters.temperature(temperature);
        return self();
    }

    public B topP(double topP) {
        parameters.topP(topP);
        return self();
    }

    public B topK(int topK) {
        parameters.topK(topK);
        return self();
    }

    public B minP(double minP) {
        parameters.minP(minP);
        return self();
    }

    public B repetitionPenalty(double factor) {
        parameters.repetitionPenalty(factor);
        return self();
    }

    public B frequencyPenalty(double penalty) {
        parameters.frequencyPenalty(penalty);
        return self();
    }

    public B presencePenalty(double penalty) {
        parameters.presencePenalty(penalty);
        return self();
    }

    /** The same seed, messages and parameters give the same reply; unset, each reply has another. */
    public B seed(long seed) {
        parameters.seed(seed);
        return self();
    }

    public B maxOutputTokens(int limit) {
        parameters.maxOutputTokens(limit);
        return self();
    }

    public B stopSequences(List<String> texts) {
        parameters.stopSequences(texts);
        return self();
    }

    /** Takes over all that these parameters set. */
    public B defaultRequestParameters(ChatRequestParameters defaults) {
        parameters.overrideWith(defaults);
        return self();
    }

    public B listeners(List<ChatModelListener> all) {
        listeners = List.copyOf(all);
        return self();
    }

    /**
     * @throws NullPointerException if there is no model
     * @throws dev.demotic.runtime.DemoticException if there is no such method, or it needs a draft model
     */
    final ChatEngine engine() {
        LanguageModel opened = Objects.requireNonNull(model, "a chat model is built on a LanguageModel; set model(…)");
        String name = modelName == null ? ChatEngine.nameOf(opened) : modelName;
        DemoticChatRequestParameters defaults = parameters.build();
        if (defaults.modelName() != null && !defaults.modelName().equals(name)) {
            throw otherModel(defaults.modelName(), name);
        }
        return new ChatEngine(
                opened, Optional.ofNullable(draft), Optional.ofNullable(custom), name, defaults, listeners);
    }

    static UnsupportedFeatureException otherModel(String wanted, String name) {
        return new UnsupportedFeatureException(
                "modelName '%s' is not supported: this model is '%s', and no other is open".formatted(wanted, name));
    }
}
