package dev.demotic.server;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * What a request asks for beside the prompt, in the fields that chats and completions have in common.
 *
 * @param served the model
 * @param generation with all settings but the seed
 * @param seed of the first reply; each further one has the next
 * @param replies how many
 * @param maxTokens of each
 * @param stopTokens that end one
 * @param isStreamed whether replies are to be handed on as they come
 * @param wantsUsage whether a stream is to end with an account
 * @param isTraced whether a stream is to tell of every draft
 */
record Wish(
        ServedModel served,
        Generation generation,
        long seed,
        int replies,
        int maxTokens,
        Set<Integer> stopTokens,
        boolean isStreamed,
        boolean wantsUsage,
        boolean isTraced) {
    private static final int MOST_REPLIES = 128;
    private static final int MOST_STOPS = 16;
    private static final double ANY = Double.MAX_VALUE;
    /** Fields that promise a form of the text, which nothing here would keep. */
    private static final List<String> FORMS =
            List.of("grammar", "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar");

    /**
     * @param maxTokens how long a reply may be, as the request says
     * @param logprobs alternatives of each token to tell of; -1 for no report
     */
    static Wish read(Fields fields, ServedModel served, int maxTokens, int logprobs) {
        refuseForms(fields);
        LanguageModel model = served.model();
        List<String> stops = fields.strings("stop");
        if (stops.size() > MOST_STOPS || stops.contains("")) {
            throw ApiException.invalid(
                    fields.path("stop"), "stop must be at most " + MOST_STOPS + " strings, none of them empty");
        }
        Set<Integer> stopTokens = stopTokens(fields, model);
        boolean goesOn = fields.flag("ignore_eos", false);
        Generation generation = Generation.with(model)
                .sampling(sampling(fields, model))
                .maxTokens(Math.max(1, maxTokens))
                .stop(stops)
                .stopTokens(stopTokens)
                .ignoreEnd(goesOn)
                .logprobs(logprobs)
                .prefixCache(fields.flag("cache_prompt", true))
                .method(method(fields, served));
        Set<Integer> ends = new HashSet<>(stopTokens);
        if (!goesOn) {
            ends.addAll(model.tokenizer().stopTokens());
        }
        return new Wish(
                served,
                generation,
                fields.wholeLong("seed", Long.MIN_VALUE, Long.MAX_VALUE)
                        .orElseGet(() -> ThreadLocalRandom.current().nextLong()),
                fields.whole("n", 1, MOST_REPLIES).orElse(1),
                maxTokens,
                ends,
                fields.flag("stream", false),
                fields.object("stream_options")
                        .map(options -> options.flag("include_usage", false))
                        .orElse(false),
                fields.flag("trace", false));
    }

    private static void refuseForms(Fields fields) {
        Optional<String> format = fields.object("response_format").map(each -> each.requiredString("type"));
        if (format.isPresent() && !format.get().equals("text")) {
            throw ApiException.unsupported(
                    "response_format",
                    "response_format " + format.get()
                            + " is not supported yet: nothing would hold the text to it; ask for JSON in the prompt and check what comes");
        }
        for (String form : FORMS) {
            if (fields.has(form)) {
                throw ApiException.unsupported(form, form + " is not supported yet: nothing would hold the text to it");
            }
        }
    }

    private static Set<Integer> stopTokens(Fields fields, LanguageModel model) {
        return fields.find("stop_token_ids").stream()
                .flatMapToInt(ids -> IntStream.of(TokenIds.all(fields, "stop_token_ids", ids, model)))
                .boxed()
                .collect(Collectors.toSet());
    }

    private static SamplingSettings sampling(Fields fields, LanguageModel model) {
        double topP = fields.real("top_p", 0, 1).orElse(1.0);
        int topK = fields.whole("top_k", -1, Integer.MAX_VALUE).orElse(0);
        double repetition = fields.real("repetition_penalty", Double.MIN_NORMAL, ANY)
                .or(() -> fields.real("repeat_penalty", Double.MIN_NORMAL, ANY))
                .orElse(1.0);
        return SamplingSettings.unchanged()
                .withTemperature(fields.real("temperature", 0, ANY).orElse(1.0))
                // 0 keeps the likeliest token alone, as any value does that is small enough.
                .withTopP(Math.max(topP, Double.MIN_NORMAL))
                .withTopK(Math.max(0, topK))
                .withMinP(fields.real("min_p", 0, 1).orElse(0.0))
                .withTypicalP(fields.real("typical_p", Double.MIN_NORMAL, 1).orElse(1.0))
                .withRepetitionPenalty(repetition, 0)
                .withPresencePenalty(fields.real("presence_penalty", -2, 2).orElse(0.0))
                .withFrequencyPenalty(fields.real("frequency_penalty", -2, 2).orElse(0.0))
                .withLogitBias(logitBias(fields, model));
    }

    private static Map<Integer, Double> logitBias(Fields fields, LanguageModel model) {
        Map<Integer, Double> bias = new LinkedHashMap<>();
        fields.object("logit_bias")
                .ifPresent(object -> object.json().properties().forEach(entry -> {
                    String path = "logit_bias." + entry.getKey();
                    if (!entry.getKey().matches("\\d{1,9}")
                            || Integer.parseInt(entry.getKey())
                                    >= model.config().vocabulary()) {
                        throw ApiException.invalid(
                                path,
                                "%s names no token: ids of this model go from 0 to %d"
                                        .formatted(path, model.config().vocabulary() - 1));
                    }
                    object.real(entry.getKey(), -100, 100)
                            .ifPresent(value -> bias.put(Integer.parseInt(entry.getKey()), value));
                }));
        return bias;
    }

    /** The method as on the command line, or as an object of a name and parameters. */
    private static DecodingMethod method(Fields fields, ServedModel served) {
        Optional<JsonNode> given = fields.find("method");
        if (given.isEmpty()) {
            return served.usualMethod();
        }
        if (!given.get().isString() && !given.get().isObject()) {
            throw fields.wrong("method", "a string or an object", given.get());
        }
        String text = given.get().isString()
                ? given.get().stringValue()
                : fields.object("method").map(Wish::methodText).orElseThrow();
        try {
            return served.method(MethodCall.parse(text));
        } catch (DemoticException unknown) {
            throw ApiException.invalid("method", String.valueOf(unknown.getMessage()));
        }
    }

    private static String methodText(Fields method) {
        String values = method.object("parameters")
                .map(parameters -> parameters.json().propertyNames().stream()
                        .flatMap(name -> parameters.scalar(name).map(value -> name + "=" + value).stream())
                        .collect(Collectors.joining(",")))
                .orElse("");
        return method.requiredString("name") + (values.isEmpty() ? "" : ":" + values);
    }

    /** The same with calls of tools visible in the text. */
    Wish withCallsShown(ChatPrompt chat) {
        return new Wish(
                served,
                chat.tools().show(chat.conversation(), generation),
                seed,
                replies,
                maxTokens,
                stopTokens,
                isStreamed,
                wantsUsage,
                isTraced);
    }

    /** Whether a token ends the reply instead of being part of it. */
    boolean endsWith(int token) {
        return stopTokens.contains(token);
    }

    /** Tokens that prompt and reply may have together. */
    int positions(int prompt) {
        return (int) Math.min(served.model().context(), (long) prompt + maxTokens);
    }

    /** @throws ApiException if the prompt leaves no room for a reply that is wanted */
    void checkLength(int prompt, String param) {
        int context = served.model().context();
        if (prompt == 0) {
            throw ApiException.invalid(param, "the prompt is empty; give the model at least one token to go on");
        }
        if (maxTokens == 0 && prompt > context) {
            throw ApiException.contextExceeded(
                    param,
                    "the prompt has %,d tokens, and the model's context is %,d; shorten it".formatted(prompt, context));
        }
        if (maxTokens > 0 && prompt >= context) {
            throw ApiException.contextExceeded(
                    param,
                    "the prompt has %,d tokens, and the model's context of %,d must hold the reply, too; shorten it"
                            .formatted(prompt, context));
        }
    }
}
