package dev.demotic.server;

import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        List<Integer> unsigned = new ArrayList<>();
        for (byte each : bytes) {
            unsigned.add(Byte.toUnsignedInt(each));
        }
        return Json.object().with("token", text(token)).with("logprob", logprob).with("bytes", unsigned);
    }

    /**
     * As completions tell it.
     *
     * @param first a token before the others, of which nothing is known; null if there is none
     * @param offset of the first character in the text
     */
    JsonObject ofCompletion(@Nullable Integer first, List<TokenLogprobs> tokens, int offset) {
        List<String> texts = new ArrayList<>();
        List<@Nullable Double> logprobs = new ArrayList<>();
        List<@Nullable Map<String, Double>> tops = new ArrayList<>();
        List<Integer> offsets = new ArrayList<>();
        int at = offset;
        if (first != null) {
            texts.add(text(first));
            logprobs.add(null);
            tops.add(null);
            offsets.add(at);
            at += text(first).length();
        }
        for (TokenLogprobs token : tokens) {
            Map<String, Double> top = new LinkedHashMap<>();
            token.alternatives().forEach(other -> top.putIfAbsent(text(other.token()), other.logprob()));
            texts.add(text(token.token()));
            logprobs.add(token.logprob());
            tops.add(top);
            offsets.add(at);
            at += text(token.token()).length();
        }
        return Json.object()
                .with("tokens", texts)
                .with("token_logprobs", logprobs)
                .with("top_logprobs", tops)
                .with("text_offset", offsets);
    }

    private String text(int token) {
        return new String(tokenizer.bytes(token), StandardCharsets.UTF_8);
    }
}
