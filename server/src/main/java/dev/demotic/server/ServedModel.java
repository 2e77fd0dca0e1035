package dev.demotic.server;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A model as clients know it: by name, with a model that drafts for it, and a usual method. Whoever opened the models closes them. */
public final class ServedModel {
    /** Methods that are kept, since they learn from reply to reply. */
    private static final int KEPT_METHODS = 32;

    private final String name;
    private final LanguageModel model;
    private final Optional<Draft> draft;
    private final String usual;
    private final DecodingMethod usualMethod;
    private final Map<String, DecodingMethod> methods = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, DecodingMethod> eldest) {
            return size() > KEPT_METHODS;
        }
    };

    private long mostCharacters;

    /** A model that drafts. */
    public record Draft(String name, LanguageModel model) {}

    /**
     * @param usual the method of requests that name none
     * @throws dev.demotic.runtime.DemoticException if the usual method cannot work with these models
     */
    public ServedModel(String name, LanguageModel model, Optional<Draft> draft, MethodCall usual) {
        this.name = name;
        this.model = model;
        this.draft = draft;
        this.usual = usual.toString();
        usualMethod = method(usual);
    }

    /** A model with a method of one's own for requests that name none. */
    public ServedModel(String name, LanguageModel model, DecodingMethod usual) {
        this.name = name;
        this.model = model;
        this.draft = Optional.empty();
        this.usual = usual.name();
        usualMethod = usual;
    }

    String name() {
        return name;
    }

    LanguageModel model() {
        return model;
    }

    /**
     * UTF-16 units of a text that could fit in the context if all its tokens were of the longest kind. A token's bytes are no fewer than its
     * text's units; twice as many are allowed, since a tokenizer may first compose characters of several units.
     */
    synchronized long mostCharacters() {
        if (mostCharacters == 0) {
            Tokenizer tokenizer = model.tokenizer();
            long longest = IntStream.range(0, tokenizer.size())
                    .map(token -> tokenizer.bytes(token).length)
                    .max()
                    .orElse(0);
            mostCharacters = 2 * longest * model.context();
        }
        return mostCharacters;
    }

    DecodingMethod usualMethod() {
        return usualMethod;
    }

    /** @throws dev.demotic.runtime.DemoticException if the method needs a draft model and there is none */
    DecodingMethod method(MethodCall call) {
        synchronized (methods) {
            DecodingMethod known = methods.get(call.toString());
            if (known == null) {
                Optional<LanguageModel> drafting =
                        call.method().draft() == DraftUse.NONE ? Optional.empty() : draft.map(Draft::model);
                known = call.decoding(model, drafting);
                methods.put(call.toString(), known);
            }
            return known;
        }
    }

    /** What clients are told, beyond what OpenAI's API has. */
    JsonObject facts() {
        @Nullable String draftName = draft.map(Draft::name).orElse(null);
        return Json.object()
                .with("architecture", model.config().architecture())
                .with(
                        "parameters",
                        model.source().tensors().values().stream()
                                .mapToLong(Tensor::elements)
                                .sum())
                .with("context_length", model.context())
                .with("embedding_length", model.config().width())
                .with("draft", draftName)
                .with("method", usual)
                .with("has_template", model.hasChatTemplate());
    }
}
