package dev.demotic.langchain4j;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.template.Conversation;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What both chat models share: LangChain4j's requests become generations, and replies its responses. Serves many threads. */
final class ChatEngine {
    private static final String USUAL_METHOD = "auto";

    private final LanguageModel model;
    private final Optional<LanguageModel> draft;
    private final Optional<DecodingMethod> custom;
    private final String modelName;
    private final DemoticChatRequestParameters defaults;
    private final List<ChatModelListener> listeners;
    /** By name; kept, since methods learn from reply to reply. */
    private final ConcurrentMap<String, DecodingMethod> methods = new ConcurrentHashMap<>();

    /** A request that was found to be in order. */
    record Call(Generation generation, Conversation conversation) {}

    ChatEngine(
            LanguageModel model,
            Optional<LanguageModel> draft,
            Optional<DecodingMethod> custom,
            String modelName,
            DemoticChatRequestParameters defaults,
            List<ChatModelListener> listeners) {
        this.model = model;
        this.draft = draft;
        this.custom = custom;
        this.modelName = modelName;
        this.listeners = listeners;
        this.defaults = DemoticChatRequestParameters.builder()
                .modelName(modelName)
                .overrideWith(defaults)
                .build();
        method(this.defaults);
    }

    /** The name of a model's file or folder, without the ending. */
    static String nameOf(LanguageModel model) {
        return String.valueOf(model.source().path().toAbsolutePath().getFileName())
                .replaceFirst("\\.gguf$", "");
    }

    DemoticChatRequestParameters defaults() {
        return defaults;
    }

    List<ChatModelListener> listeners() {
        return listeners;
    }

    /**
     * Checks a request and makes it ready, before anything is computed.
     *
     * @throws UnsupportedFeatureException if it asks for something that there is not
     * @throws dev.demotic.runtime.DemoticException if a value is out of its range
     */
    Call prepare(ChatRequest request) {
        DemoticChatRequestParameters parameters = defaults.overrideWith(request.parameters());
        if (!parameters.modelName().equals(modelName)) {
            throw ChatModelBuilder.otherModel(parameters.modelName(), modelName);
        }
        if (parameters.responseFormat() != null && parameters.responseFormat().type() == ResponseFormatType.JSON) {
            throw new UnsupportedFeatureException(
                    "JSON response format is not supported yet; ask for JSON in the prompt, and check what comes");
        }
        if (parameters.toolChoice() == ToolChoice.REQUIRED) {
            throw new UnsupportedFeatureException(
                    "ToolChoice.REQUIRED is not supported: whether to call a tool is up to the model");
        }
        if (!parameters.toolSpecifications().isEmpty()) {
            throw new UnsupportedFeatureException("tools are not supported yet");
        }
        Generation generation = Generation.with(model)
                .sampling(sampling(parameters))
                .stop(parameters.stopSequences())
                .method(method(parameters));
        Integer limit = parameters.maxOutputTokens();
        return new Call(limit == null ? generation : generation.maxTokens(limit), Messages.conversation(request));
    }

    private static SamplingSettings sampling(DemoticChatRequestParameters parameters) {
        SamplingSettings settings = SamplingSettings.unchanged()
                .withTemperature(parameters.temperature())
                .withTopP(parameters.topP())
                .withTopK(or(parameters.topK(), 0))
                .withMinP(or(parameters.minP(), 0.0))
                .withFrequencyPenalty(or(parameters.frequencyPenalty(), 0.0))
                .withPresencePenalty(or(parameters.presencePenalty(), 0.0));
        return settings.withRepetitionPenalty(or(parameters.repetitionPenalty(), 1.0), settings.repetitionWindow())
                .withSeed(or(parameters.seed(), ThreadLocalRandom.current().nextLong()));
    }

    private static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private DecodingMethod method(DemoticChatRequestParameters parameters) {
        String name = parameters.method();
        if (name == null && custom.isPresent()) {
            return custom.get();
        }
        return methods.computeIfAbsent(name == null ? USUAL_METHOD : name, wanted -> {
            MethodCall call = MethodCall.parse(wanted);
            return call.decoding(model, call.method().draft() == DraftUse.NONE ? Optional.empty() : draft);
        });
    }

    /**
     * Generates the reply on this thread, and hands on what comes meanwhile. An interrupted thread ends the reply early, with
     * {@link FinishReason#OTHER}.
     */
    ChatResponse answer(Call call, Consumer<ChatModelStreamingEvent> onEvent) {
        Reply reply = call.generation().chat(call.conversation(), text -> onEvent.accept(new PartialResponse(text)));
        return ChatResponse.builder()
                .id("chatcmpl-" + UUID.randomUUID())
                .modelName(modelName)
                .aiMessage(AiMessage.from(reply.text()))
                .tokenUsage(new TokenUsage(
                        reply.usage().promptTokens(), reply.usage().completionTokens()))
                .finishReason(
                        switch (reply.finishReason()) {
                            case STOP -> FinishReason.STOP;
                            case LENGTH -> FinishReason.LENGTH;
                            case CANCELLED -> FinishReason.OTHER;
                        })
                .build();
    }
}
