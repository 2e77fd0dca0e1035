package dev.demotic.bench;

import dev.demotic.bench.MethodBench.Answer;
import dev.demotic.decoding.speculate.SpeculationStatistics;
import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server of llama.cpp's API that runs the same model, to be measured beside methods: it gets the same token ids, and its own
 * clock counts, so that the way there and back costs it nothing.
 *
 * @param name in the report
 * @param url where it listens
 */
public record PeerServer(String name, URI url) {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /**
     * Reads {@code NAME=URL}.
     *
     * @throws DemoticException if it is something else
     */
    public static PeerServer parse(String text) {
        int at = text.indexOf('=');
        try {
            if (at > 0 && text.substring(at + 1).matches("https?://.+")) {
                return new PeerServer(text.substring(0, at), URI.create(text.substring(at + 1)));
            }
        } catch (IllegalArgumentException noAddress) {
            // told below
        }
        throw new DemoticException(
                "'" + text + "' names no server; write --peer NAME=URL, such as peer=http://localhost:8080");
    }

    /**
     * Has it continue a prompt greedily.
     *
     * @param tokens the most of the reply
     * @param ignoresEnd whether it goes on where the model would end the reply
     * @throws DemoticException if it does not answer as such a server does
     */
    Answer answer(int[] prompt, int tokens, boolean ignoresEnd) {
        Map<String, Object> wish = new LinkedHashMap<>();
        wish.put("prompt", prompt);
        wish.put("n_predict", tokens);
        wish.put("temperature", 0);
        wish.put("cache_prompt", false);
        wish.put("ignore_eos", ignoresEnd);
        wish.put("return_tokens", true);
        JsonNode reply = ask(MAPPER.writeValueAsString(wish));
        JsonNode timings = reply.path("timings");
        if (!timings.path("predicted_ms").isNumber()) {
            throw new DemoticException(
                    url + " sends no timings; only servers of llama.cpp's API can be measured beside methods");
        }
        return new Answer(
                reply.path("tokens").valueStream().mapToInt(JsonNode::asInt).toArray(),
                timings.path("predicted_n").asInt(0),
                timings.path("prompt_ms").asDouble(0) / 1e3,
                timings.path("predicted_ms").asDouble(0) / 1e3,
                SpeculationStatistics.none());
    }

    private JsonNode ask(String body) {
        String base = url.toString();
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + (base.endsWith("/") ? "" : "/") + "completion"))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new DemoticException(url + " answers with HTTP " + response.statusCode()
                        + "; start a server of llama.cpp's API there with the same model");
            }
            return MAPPER.readTree(response.body());
        } catch (IOException | JacksonException e) {
            throw new DemoticException(
                    "no server of llama.cpp's API answers at " + url + " ("
                            + e.getClass().getSimpleName() + "); start one, or leave out --peer",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoticException("interrupted", e);
        }
    }
}
