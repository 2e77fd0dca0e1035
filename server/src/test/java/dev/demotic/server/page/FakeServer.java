package dev.demotic.server.page;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers the page from a script, as the real server would: so tests of the page need no model, and can have it fail at will. What
 * the reply is, the last message decides: {@code busy}, {@code broken}, {@code cut}, {@code slow}, {@code say TEXT}, else the
 * script of the method.
 */
final class FakeServer implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8", "css", "text/css", "js", "text/javascript", "svg", "image/svg+xml");

    private final HttpServer http;
    private final BlockingQueue<JsonNode> requests = new LinkedBlockingQueue<>();
    private final CountDownLatch clientGone = new CountDownLatch(1);
    private @Nullable String key;

    FakeServer() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        http.createContext("/", this::page);
        http.createContext("/v1/models", exchange -> json(exchange, models()));
        http.createContext("/api/methods", exchange -> json(exchange, methods()));
        http.createContext("/v1/chat/completions", exchange -> complete(exchange, true));
        http.createContext("/v1/completions", exchange -> complete(exchange, false));
        http.start();
    }

    URI page() {
        return URI.create("http://127.0.0.1:" + http.getAddress().getPort() + "/");
    }

    /** From now on it wants this key. */
    void lock(String newKey) {
        key = newKey;
    }

    /** The body of the next request for a reply. */
    JsonNode request() throws InterruptedException {
        JsonNode request = requests.poll(Browser.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("the page asked for no reply");
        }
        return request;
    }

    /** Whether the client of a {@code slow} reply went away. */
    boolean lostClient() throws InterruptedException {
        return clientGone.await(Browser.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        http.stop(0);
    }

    private void page(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String name = path.equals("/") ? "index.html" : path.substring(1);
        try (exchange;
                InputStream file = FakeServer.class.getResourceAsStream("/dev/demotic/server/page/" + name)) {
            if (file == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            exchange.getResponseHeaders().set("Content-Type", TYPES.getOrDefault(name.replaceAll(".*\\.", ""), ""));
            exchange.sendResponseHeaders(200, 0);
            file.transferTo(exchange.getResponseBody());
        }
    }

    private void json(HttpExchange exchange, Object body) throws IOException {
        if (isLockedFor(exchange)) {
            refuse(exchange, 401, "the API key is wrong: give it as 'Authorization: Bearer KEY'");
            return;
        }
        answer(exchange, 200, body);
    }

    private boolean isLockedFor(HttpExchange exchange) {
        return key != null
                && !("Bearer " + key).equals(exchange.getRequestHeaders().getFirst("Authorization"));
    }

    private static void refuse(HttpExchange exchange, int status, String message) throws IOException {
        answer(exchange, status, Map.of("error", Map.of("message", message, "type", "error")));
    }

    private static void answer(HttpExchange exchange, int status, Object body) throws IOException {
        try (exchange) {
            byte[] bytes = JSON.writeValueAsBytes(body);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private static Map<String, Object> models() {
        return Map.of("data", List.of(model("tuned", true), model("base", false)));
    }

    private static Map<String, Object> model(String name, boolean isTuned) {
        Map<String, Object> facts = new HashMap<>();
        facts.put("architecture", "llama");
        facts.put("parameters", 12_000_000);
        facts.put("context_length", 2048);
        facts.put("draft", isTuned ? "tiny" : null);
        facts.put("has_template", isTuned);
        return Map.of("id", name, "object", "model", "demotic", facts);
    }

    private static Map<String, Object> methods() {
        return Map.of(
                "methods",
                List.of(
                        method("plain", true, false, List.of()),
                        method(
                                "auto",
                                true,
                                false,
                                List.of(Map.of("name", "tokens", "summary", "most tokens", "default", "32"))),
                        method(
                                "draft",
                                true,
                                true,
                                List.of(Map.of("name", "tokens", "summary", "tokens", "default", "5"))),
                        method("lossy", false, true, List.of())));
    }

    private static Map<String, Object> method(String name, boolean lossless, boolean needsDraft, List<?> parameters) {
        return Map.of(
                "name", name,
                "summary", "The method " + name,
                "citation", "Somebody, 2024",
                "lossless", lossless,
                "needs_draft", needsDraft,
                "parameters", parameters);
    }

    private void complete(HttpExchange exchange, boolean isChat) throws IOException {
        JsonNode request = JSON.readTree(exchange.getRequestBody());
        requests.add(request);
        String message = isChat
                ? request.path("messages").values().stream()
                        .toList()
                        .getLast()
                        .path("content")
                        .asString("")
                : request.path("prompt").asString("");
        if (message.equals("busy")) {
            exchange.getResponseHeaders().set("Retry-After", "3");
            refuse(exchange, 429, "too many requests wait");
            return;
        }
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try (exchange) {
            new Reply(exchange.getResponseBody(), isChat)
                    .send(message, request.at("/method/name").asString("plain"));
        } catch (IOException gone) {
            clientGone.countDown();
        }
    }

    /** One reply on its way. */
    private record Reply(OutputStream out, boolean isChat) {
        void send(String message, String method) throws IOException {
            List<Script.Round> rounds =
                    message.startsWith("say ") ? Script.spelled(message.substring(4)) : Script.reply(method);
            for (Script.Round round : rounds) {
                event(Map.of("choices", List.of(), "demotic", Map.of("round", Script.trace(round))));
                for (String token : round.emitted()) {
                    event(Map.of("choices", List.of(choice(token))));
                }
                switch (message) {
                    case "slow" -> waitForEver();
                    case "broken" -> event(Map.of("error", Map.of("message", "the machine ran out of patience")));
                    default -> {}
                }
                if (message.equals("broken") || message.equals("cut")) {
                    return;
                }
            }
            event(Map.of("choices", List.of(Map.of("index", 0, "finish_reason", "stop", "delta", Map.of()))));
            event(Map.of("choices", List.of(), "timings", timings(rounds)));
            write("data: [DONE]\n\n");
        }

        private void waitForEver() throws IOException {
            try {
                while (true) {
                    write(": still here\n\n");
                    TimeUnit.MILLISECONDS.sleep(20);
                }
            } catch (InterruptedException stopped) {
                throw new IOException(stopped);
            }
        }

        private Map<String, Object> choice(String token) {
            List<Map<String, Object>> likely = List.of(
                    Map.of("token", token, "logprob", Math.log(0.75)),
                    Map.of("token", " else", "logprob", Math.log(0.125)));
            if (isChat) {
                Map<String, Object> entry = Map.of("token", token, "logprob", Math.log(0.75), "top_logprobs", likely);
                return Map.of(
                        "index", 0, "delta", Map.of("content", token), "logprobs", Map.of("content", List.of(entry)));
            }
            Map<String, Object> old = Map.of(
                    "tokens", List.of(token),
                    "token_logprobs", List.of(Math.log(0.75)),
                    "top_logprobs", List.of(Map.of(token, Math.log(0.75), " else", Math.log(0.125))));
            return Map.of("index", 0, "text", token, "logprobs", old);
        }

        private static Map<String, Object> timings(List<Script.Round> rounds) {
            List<Script.Node> nodes =
                    rounds.stream().flatMap(round -> round.nodes().stream()).toList();
            List<String> tokens =
                    rounds.stream().flatMap(round -> round.emitted().stream()).toList();
            Map<String, Object> timings = new HashMap<>();
            timings.put("prompt_n", 12);
            timings.put("prompt_ms", 20.0);
            timings.put("predicted_n", tokens.size());
            timings.put("predicted_ms", 10.0 * rounds.size());
            timings.put("predicted_per_second", 100.0 * tokens.size() / rounds.size());
            timings.put("cached_n", 7);
            timings.put("draft_n", nodes.size());
            timings.put(
                    "draft_n_accepted",
                    nodes.stream()
                            .filter(node -> node.state().equals("accepted"))
                            .count());
            timings.put("rounds", rounds.size());
            return timings;
        }

        private void event(Map<String, Object> chunk) throws IOException {
            Map<String, Object> whole = new HashMap<>(chunk);
            whole.put("id", "reply-1");
            whole.put("object", isChat ? "chat.completion.chunk" : "text_completion");
            write("data: " + JSON.writeValueAsString(whole) + "\n\n");
        }

        private void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }
}
