package dev.demotic.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server of OpenAI's API that streams a fixed reply, and counts two tokens for each word of a prompt. */
public final class FakeServer implements AutoCloseable {
    private final HttpServer server;
    private final ConcurrentLinkedQueue<JsonNode> bodies = new ConcurrentLinkedQueue<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger mostRunning = new AtomicInteger();
    private final Behaviour behaviour;

    /** How it answers the request that it got as the n-th, from 0. */
    @FunctionalInterface
    public interface Behaviour {
        Answer answer(int n);
    }

    /** What it may do. */
    public enum Answer {
        STREAM,
        REFUSE,
        BREAK_OFF,
        REPORT_ERROR,
        HANG
    }

    public FakeServer(Behaviour behaviour) throws IOException {
        this.behaviour = behaviour;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v1/models", this::models);
        server.createContext("/v1/chat/completions", this::complete);
        server.start();
    }

    public URI url() {
        return URI.create("http://localhost:" + server.getAddress().getPort());
    }

    /** What was asked for, in the order of arrival. */
    public List<JsonNode> bodies() {
        return List.copyOf(bodies);
    }

    /** Requests that it had at the same time, at most. */
    public int mostRunning() {
        return mostRunning.get();
    }

    private void models(HttpExchange exchange) throws IOException {
        byte[] body = "{\"data\":[{\"id\":\"fake\"}]}".getBytes(UTF_8);
        try (exchange) {
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private void complete(HttpExchange exchange) throws IOException {
        try (exchange) {
            mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
            JsonNode body;
            int number;
            synchronized (this) {
                body = new JsonMapper().readTree(exchange.getRequestBody().readAllBytes());
                number = bodies.size();
                bodies.add(body);
            }
            answer(exchange, body, behaviour.answer(number));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            running.decrementAndGet();
        }
    }

    private static void answer(HttpExchange exchange, JsonNode body, Answer answer)
            throws IOException, InterruptedException {
        if (answer == Answer.REFUSE) {
            exchange.sendResponseHeaders(429, -1);
            return;
        }
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        event(out, "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}");
        int tokens =
                body.path("max_tokens").asInt(body.path("max_completion_tokens").asInt());
        for (int i = 0; i < tokens; i++) {
            event(out, "{\"choices\":[{\"delta\":{\"content\":\"word \"}}]}");
            switch (answer) {
                case BREAK_OFF -> {
                    return;
                }
                case REPORT_ERROR -> event(out, "{\"error\":{\"message\":\"out of memory\"}}");
                case HANG -> Thread.sleep(60_000);
                default -> {}
            }
        }
        int words = body.path("messages").path(0).path("content").asString().split("\\s+").length;
        event(
                out,
                "{\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d}}"
                        .formatted(2 * words, tokens));
        event(out, "[DONE]");
    }

    private static void event(OutputStream out, String data) throws IOException {
        out.write(("data: " + data + "\n\n").getBytes(UTF_8));
        out.flush();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
