package dev.demotic.server;

import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How likely tokens were, in the two forms of OpenAI's API. */
final class Likelihoods {
    private final Tokenizer tokenizer;

    Likelihoods(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** As chats tell it. */
    JsonObject ofChat(List<TokenLogprobs> tokens) {
        return Json.object()
                .with(
                        "content",
                        tokens.stream()
                                .map(token -> describe(token.token(), token.logprob())
                                        .with(
                                                "top_logprobs",
                                                token.alternatives().stream()
                                                        .map(other -> describe(other.token(), other.logprob()))
                                                        .toList()))
                                .toList())
                .with("refusal", null);
    }

    private JsonObject describe(int token, double logprob) {
        byte[] bytes = tokenizer.bytes(token);
        return Json.object()
                .with("token", new String(bytes, StandardCharsets.UTF_8))
                .with("logprob", logprob)
                .with("bytes", TokenText.numbers(bytes));
    }

    /**
     * As completions tell it.
     *
     * @param first a token before the others, of which nothing is known; null if there is none
     * @param places of the tokens, after those that came before
     */
    JsonObject ofCompletion(@Nullable Integer first, List<TokenLogprobs> tokens, TextOffsets places) {
        List<String> texts = new ArrayList<>();
        List<@Nullable Double> logprobs = new ArrayList<>();
        List<@Nullable Map<String, Double>> tops = new ArrayList<>();
        List<Integer> offsets = new ArrayList<>();
        if (first != null) {
            texts.add(text(first));
            logprobs.add(null);
            tops.add(null);
            offsets.add(places.next(first));
        }
        for (TokenLogprobs token : tokens) {
            Map<String, Double> top = new LinkedHashMap<>();
            token.alternatives().forEach(other -> top.putIfAbsent(text(other.token()), other.logprob()));
            texts.add(text(token.token()));
            logprobs.add(token.logprob());
            tops.add(top);
            offsets.add(places.next(token.token()));
        }
        return Json.object()
                .with("tokens", texts)
                .with("token_logprobs", logprobs)
                .with("top_logprobs", tops)
                .with("text_offset", offsets);
    }

    /** A token's text, or its bytes where they are no whole characters: texts tell the alternatives apart. */
    private String text(int token) {
        byte[] bytes = tokenizer.bytes(token);
        return TokenText.whole(bytes)
                .orElseGet(() -> TokenText.numbers(bytes).stream()
                        .map("\\x%02x"::formatted)
                        .collect(Collectors.joining("", "bytes:", "")));
    }
}
