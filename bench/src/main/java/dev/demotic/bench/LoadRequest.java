package dev.demotic.bench;

import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What each request of a load asks of which server.
 *
 * @param url where the API is, without {@code /v1}
 * @param apiKey sent as a bearer token, if there is one
 * @param model the model's name on that server
 * @param method the decoding method, for servers of Demotic
 * @param cachesPrompts false to have servers of Demotic and llama.cpp read every prompt anew
 * @param promptTokens of each prompt, about
 * @param maxTokens of each reply, at most
 * @param ignoreEos whether replies shall go on to that limit; Demotic, llama.cpp and vLLM know how
 * @param temperature 0 for greedy
 * @param seed of prompts, arrivals and draws
 * @param timeout for one reply
 */
public record LoadRequest(
        URI url,
        Optional<String> apiKey,
        String model,
        Optional<String> method,
        boolean cachesPrompts,
        int promptTokens,
        int maxTokens,
        boolean ignoreEos,
        double temperature,
        long seed,
        Duration timeout) {
    /** The body of a streaming chat completion. */
    Map<String, Object> body(String prompt, int limit, int index) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", model);
        body.put("messages", List.of(Map.of("role", "user", "content", prompt)));
        body.put("max_tokens", limit);
        body.put("temperature", temperature);
        body.put("seed", seed + index);
        body.put("stream", true);
        body.put("stream_options", Map.of("include_usage", true));
        method.ifPresent(name -> body.put("method", name));
        if (!cachesPrompts) {
            body.put("cache_prompt", false);
        }
        if (ignoreEos) {
            body.put("ignore_eos", true);
        }
        return body;
    }
}
