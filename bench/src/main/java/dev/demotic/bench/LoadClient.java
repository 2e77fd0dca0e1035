package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sends requests to a server that speaks OpenAI's API, and times what comes back. Safe for use by many threads. */
final class LoadClient implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
    /** Interrupts replies that take too long: HttpRequest's own limit ends with the head of the response. */
    private final ScheduledExecutorService alarms = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("demotic-load-alarms").factory());

    /**
     * The first model that a server offers.
     *
     * @throws DemoticException if there is no server, or it offers none
     */
    String firstModel(URI url, Optional<String> apiKey) {
        try {
            HttpResponse<String> response = http.send(
                    request(url, "v1/models", apiKey).timeout(PATIENCE).GET().build(),
                    HttpResponse.BodyHandlers.ofString());
            String id = response.statusCode() == 200
                    ? MAPPER.readTree(response.body())
                            .path("data")
                            .path(0)
                            .path("id")
                            .asString("")
                    : "";
            if (id.isEmpty()) {
                throw new DemoticException(
                        "%s lists no models (HTTP %d); name one with --model".formatted(url, response.statusCode()));
            }
            return id;
        } catch (IOException | JacksonException failure) {
            throw new DemoticException(
                    "no server of OpenAI's API answers at %s (%s); start one, or correct --url"
                            .formatted(url, reason(failure)),
                    failure);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoticException("interrupted", e);
        }
    }

    private static HttpRequest.Builder request(URI url, String path, Optional<String> apiKey) {
        String base = url.toString();
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(base.endsWith("/") ? base + path : base + "/" + path));
        apiKey.ifPresent(key -> request.header("Authorization", "Bearer " + key));
        return request;
    }

    /**
     * Sends a request and reads its reply to the end, on this thread.
     *
     * @param started {@link System#nanoTime} of the load's start
     * @param dueSeconds when the request was due after that
     */
    LoadSample send(LoadRequest load, String prompt, int maxTokens, int index, long started, double dueSeconds) {
        Reading reading = new Reading(started + (long) (1e9 * dueSeconds));
        Thread reader = Thread.currentThread();
        Future<?> alarm = alarms.schedule(reader::interrupt, load.timeout().toMillis(), TimeUnit.MILLISECONDS);
        try {
            HttpRequest request = request(load.url(), "v1/chat/completions", load.apiKey())
                    .header("Content-Type", "application/json")
                    .header("Accept", "text/event-stream")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            MAPPER.writeValueAsString(load.body(prompt, maxTokens, index))))
                    .build();
            HttpResponse<Stream<String>> response = begin(request);
            try (Stream<String> lines = response.body()) {
                if (response.statusCode() == 200) {
                    reading.read(lines.iterator());
                } else {
                    reading.error = "HTTP " + response.statusCode();
                }
            }
        } catch (InterruptedException late) {
            reading.error = "timed out";
        } catch (IOException | UncheckedIOException failure) {
            reading.error = Thread.interrupted() ? "timed out" : reason(failure);
        } catch (JacksonException failure) {
            reading.error = "a chunk that is no JSON";
        } finally {
            alarm.cancel(false);
        }
        // An alarm that came just too late is not for the next request of this thread.
        Thread.interrupted();
        return reading.sample(index, dueSeconds);
    }

    /**
     * Sends a request up to the head of its response; once more, if the server was just closing the idle connection that it
     * took, which says nothing of the server.
     */
    private HttpResponse<Stream<String>> begin(HttpRequest request) throws IOException, InterruptedException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofLines());
        } catch (IOException failure) {
            if (String.valueOf(failure.getMessage()).contains("received no bytes")) {
                return http.send(request, HttpResponse.BodyHandlers.ofLines());
            }
            throw failure;
        }
    }

    private static String reason(Exception failure) {
        Throwable cause = failure instanceof UncheckedIOException
                ? Objects.requireNonNullElse(failure.getCause(), failure)
                : failure;
        return cause.getMessage() == null
                ? cause.getClass().getSimpleName()
                : cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }

    @Override
    public void close() {
        alarms.shutdownNow();
        http.shutdownNow();
    }

    /** A reply as it comes. */
    private static final class Reading {
        private final long due;
        private final DoubleStream.Builder gaps = DoubleStream.builder();
        private long first;
        private long last;
        private int pieces;
        private int promptTokens;
        private int tokens;
        private boolean done;
        private @Nullable String error;

        Reading(long due) {
            this.due = due;
        }

        void read(Iterator<String> lines) {
            while (lines.hasNext() && error == null && !done) {
                String line = lines.next();
                if (line.startsWith("data:")) {
                    take(line.substring("data:".length()).strip());
                }
            }
            if (!done && error == null) {
                error = "the stream broke off";
            }
        }

        private void take(String data) {
            if (data.equals("[DONE]")) {
                done = true;
                return;
            }
            JsonNode chunk = MAPPER.readTree(data);
            if (chunk.has("error")) {
                error = "an error in the stream: "
                        + chunk.path("error").path("message").asString("without a message");
                return;
            }
            JsonNode delta = chunk.path("choices").path(0).path("delta");
            if (!delta.path("content").asString("").isEmpty()
                    || !delta.path("reasoning_content").asString("").isEmpty()
                    || delta.has("tool_calls")) {
                tick();
            }
            JsonNode usage = chunk.path("usage");
            promptTokens = usage.path("prompt_tokens").asInt(promptTokens);
            tokens = usage.path("completion_tokens").asInt(tokens);
        }

        private void tick() {
            long now = System.nanoTime();
            if (pieces++ == 0) {
                first = now;
            } else {
                gaps.add(1e-9 * (now - last));
            }
            last = now;
        }

        LoadSample sample(int index, double dueSeconds) {
            double seconds = 1e-9 * (System.nanoTime() - due);
            return new LoadSample(
                    index,
                    dueSeconds,
                    pieces == 0 ? seconds : 1e-9 * (first - due),
                    seconds,
                    promptTokens,
                    tokens == 0 ? pieces : tokens,
                    gaps.build().toArray(),
                    Optional.ofNullable(error));
        }
    }
}
