package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Optional;

/** Asks a server that was just started for a few words. */
final class ServeCheck {
    private static final String REQUEST = Json.text(
            Json.object("prompt", "public class Stack {", "max_tokens", 24, "temperature", 0, "stream", true));

    private ServeCheck() {}

    /**
     * @param certificate that it was told to show, if it speaks HTTPS
     * @throws DemoticException if it does not answer
     */
    static void ask(URI server, Optional<String> apiKey, Optional<Path> certificate) {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve("/v1/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(REQUEST));
        apiKey.ifPresent(key -> request.header("Authorization", "Bearer " + key));
        HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        certificate.ifPresent(
                file -> builder.sslContext(KnownCertificate.of(file).context()));
        try (HttpClient client = builder.build()) {
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200 || !response.body().endsWith("data: [DONE]\n\n")) {
                throw new DemoticException("the server answers with %d: %s"
                        .formatted(response.statusCode(), response.body().strip()));
            }
        } catch (IOException | InterruptedException failure) {
            throw new DemoticException("the server does not answer (" + failure + ")", failure);
        }
    }
}
