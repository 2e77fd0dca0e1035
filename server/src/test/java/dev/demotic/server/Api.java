package dev.demotic.server;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server with the small model that Demotic embeds, and a client of it over a real socket. */
final class Api implements AutoCloseable {
    static final Path SMALL = Path.of("../models/src/main/resources/dev/demotic/models/demotic-small-q8_0.gguf");
    static final String MODEL = "small";
    private static final JsonMapper MAPPER = new JsonMapper();

    final LanguageModel model;
    final Server server;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** An answer. */
    record Answer(int status, String body, HttpResponse<?> response) {
        JsonNode json() {
            return MAPPER.readTree(body);
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

    Api() {
        this(anyPort());
    }

    Api(ServerOptions options) {
        this(options, ModelOptions.defaults().withContext(512));
    }

    Api(ServerOptions options, ModelOptions modelOptions) {
        model = LanguageModel.open(SMALL, modelOptions);
        ServedModel served = new ServedModel(MODEL, model, Optional.empty(), MethodCall.parse("auto"));
        server = Server.start(options, List.of(served));
    }

    static ServerOptions anyPort() {
        return with(64, 256, 1 << 20);
    }

    static ServerOptions with(int maxRunning, int maxWaiting, long maxBody) {
        ServerOptions usual = ServerOptions.defaults();
        return new ServerOptions(
                usual.host(),
                0,
                usual.apiKey(),
                usual.corsOrigins(),
                maxRunning,
                maxWaiting,
                maxBody,
                java.time.Duration.ofSeconds(5),
                java.time.Duration.ofSeconds(5),
                usual.tls(),
                false);
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
