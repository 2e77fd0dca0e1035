package dev.demotic.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server with the small model that Demotic embeds, and a client of it over a real socket. */
final class Api implements AutoCloseable {
    static final Path SMALL = Path.of("../models/src/main/resources/dev/demotic/models/demotic-small-q8_0.gguf");
    static final String MODEL = "small";
    private static final JsonMapper MAPPER = new JsonMapper();
    /** What is waited for comes within a second, or within a minute on a machine that has much else to do. */
    private static final int MOST_POLLS = 6000;

    final LanguageModel model;
    final Server server;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** An answer. */
    record Answer(int status, String body, HttpResponse<?> response) {
        JsonNode json() {
            return parsed(body);
        }

        String error() {
            return json().at("/error/message").asString("");
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** The data of its events, the end included. */
        List<String> events() {
            return body.lines()
                    .filter(line -> line.startsWith("data: "))
                    .map(line -> line.substring(6))
                    .toList();
        }

        /** The chunks of a stream that ends as it should. */
        List<JsonNode> chunks() {
            List<String> events = events();
            if (!events.getLast().equals("[DONE]")) {
                throw new AssertionError("the stream ends with " + events.getLast());
            }
            return events.subList(0, events.size() - 1).stream()
                    .map(MAPPER::readTree)
                    .toList();
        }
    }

    static JsonNode parsed(String json) {
        return MAPPER.readTree(json);
    }

    Api() {
        this(new Options().build());
    }

    Api(ServerOptions options) {
        this(options, 8, model -> new ServedModel(MODEL, model, Optional.empty(), MethodCall.parse("auto")));
    }

    /** One that says this to everything, with a pause before each token. */
    static Api saying(ServerOptions options, String text, int millis) {
        return new Api(options, 8, model -> new ServedModel(MODEL, model, new Saying(model.tokenizer(), text, millis)));
    }

    /** @param sequences of full length that the KV cache has room for */
    Api(ServerOptions options, int sequences, Function<LanguageModel, ServedModel> served) {
        this(
                options,
                SMALL,
                ModelOptions.defaults().withContext(512).withSequences(sequences),
                model -> List.of(served.apply(model)));
    }

    /** One that serves another file, or several models. */
    Api(ServerOptions options, Path file, ModelOptions settings, Function<LanguageModel, List<ServedModel>> served) {
        model = LanguageModel.open(file, settings);
        server = Server.start(options, served.apply(model));
    }

    /** Options of a server, on any free port. */
    static final class Options {
        private Optional<String> apiKey = Optional.empty();
        private List<String> origins = List.of();
        private int maxRunning = 64;
        private int maxWaiting = 256;
        private long maxBody = 1 << 20;
        private Duration ioTimeout = Duration.ofSeconds(30);
        private Duration shutdownTimeout = Duration.ofSeconds(30);
        private Optional<ServerOptions.Tls> tls = Optional.empty();
        private boolean logPrompts;

        Options apiKey(String key) {
            apiKey = Optional.of(key);
            return this;
        }

        Options origins(String... all) {
            origins = List.of(all);
            return this;
        }

        Options limits(int running, int waiting) {
            maxRunning = running;
            maxWaiting = waiting;
            return this;
        }

        Options maxBody(long bytes) {
            maxBody = bytes;
            return this;
        }

        Options ioTimeout(Duration silence) {
            ioTimeout = silence;
            return this;
        }

        Options shutdownTimeout(Duration limit) {
            shutdownTimeout = limit;
            return this;
        }

        Options tls(ServerOptions.Tls files) {
            tls = Optional.of(files);
            return this;
        }

        Options logPrompts() {
            logPrompts = true;
            return this;
        }

        ServerOptions build() {
            return new ServerOptions(
                    "127.0.0.1",
                    0,
                    apiKey,
                    origins,
                    maxRunning,
                    maxWaiting,
                    maxBody,
                    ioTimeout,
                    shutdownTimeout,
                    tls,
                    logPrompts);
        }
    }

    /** Waits until nothing is held of the KV cache. */
    void awaitIdle() throws InterruptedException {
        awaitReserved(0);
    }

    /** Waits until so many sequences of this length are open. */
    void awaitReserved(int blocks) throws InterruptedException {
        for (int i = 0; i < MOST_POLLS && model.kvUse().reserved() != blocks; i++) {
            Thread.sleep(10);
        }
        assertThat(model.kvUse().reserved()).isEqualTo(blocks);
    }

    /** Waits until something is held of the KV cache. */
    void awaitBusy() throws InterruptedException {
        for (int i = 0; i < MOST_POLLS && model.kvUse().reserved() == 0; i++) {
            Thread.sleep(10);
        }
        assertThat(model.kvUse().reserved()).isPositive();
    }

    /** A gauge or counter of the only model. */
    double metric(String name) throws IOException, InterruptedException {
        String line = name + "{model=\"" + MODEL + "\"} ";
        return get("/metrics")
                .body()
                .lines()
                .filter(each -> each.startsWith(line))
                .mapToDouble(each -> Double.parseDouble(each.substring(line.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError("there is no metric " + line));
    }

    /** Waits until a metric has a value. */
    void awaitMetric(String name, double value) throws IOException, InterruptedException {
        for (int i = 0; i < MOST_POLLS && metric(name) != value; i++) {
            Thread.sleep(10);
        }
        assertThat(metric(name)).as(name).isEqualTo(value);
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(server.uri().resolve(path));
    }

    Answer get(String path) throws IOException, InterruptedException {
        return send(request(path).build());
    }

    Answer post(String path, String body) throws IOException, InterruptedException {
        return send(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    Answer send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body(), response);
    }

    HttpClient http() {
        return http;
    }

    URI uri() {
        return server.uri();
    }

    /** A chat with one message; further fields follow, each with a comma before it. */
    static String chat(String message, String fields) {
        return "{\"messages\": [{\"role\": \"user\", \"content\": " + MAPPER.writeValueAsString(message) + "}]" + fields
                + "}";
    }

    /** Ends the server, and checks that no block of the KV cache is held any more. */
    @Override
    public void close() {
        server.close();
        http.close();
        int reserved = model.kvUse().reserved();
        model.close();
        if (reserved != 0) {
            throw new AssertionError(reserved + " blocks of the KV cache were never given back");
        }
    }
}
