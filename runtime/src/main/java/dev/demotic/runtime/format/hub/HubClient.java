package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * The hub's two questions, asked about one model: what files are there, and a file's bytes.
 *
 * <p>Redirects are followed by hand, so that the token goes to the hub alone and never to the storage it points to.
 */
final class HubClient implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(30);
    private static final int LARGEST_PORT = 65_535;
    private static final int MOST_REDIRECTS = 10;
    private static final int LARGEST_LISTING = 64 << 20;

    private final HubSettings settings;
    private final Conditions conditions;
    private final HubReference reference;
    private final Optional<String> token;
    private final HttpClient http;

    HubClient(HubSettings settings, Conditions conditions, HubReference reference) {
        this.settings = settings;
        this.conditions = conditions;
        this.reference = reference;
        this.token = settings.token().get();
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .proxy(settings.proxies())
                .build();
    }

    /** How to go on with bytes that are there already: from where, if the file still has this ETag. */
    record Resume(long offset, String etag) {}

    /**
     * A file's bytes, or the refusal to send that range of them.
     *
     * @param status 200 for the file from its start, 206 for the range, 416 where there is no such range
     * @param etag what names this version of the file, empty if it may not be resumed
     * @param checksum what the hub, rather than its storage, says that the file hashes to
     * @param size bytes of the whole file
     * @param range the Content-Range of a 206
     */
    record Answer(
            int status,
            Optional<String> etag,
            Optional<Checksum> checksum,
            OptionalLong size,
            Optional<String> range,
            InputStream body)
            implements AutoCloseable {
        @Override
        public void close() {
            closeQuietly(body);
        }
    }

    /** Asks which files the reference's revision has. */
    RepositoryListing list() throws TransientFailure {
        URI address = address("/api/models/" + reference.repository() + "/revision/"
                + encode(reference.revisionOrDefault()) + "?blobs=true");
        byte[] json;
        try (Answer answer = get(address, Optional.empty(), "")) {
            json = answer.body.readNBytes(LARGEST_LISTING + 1);
        } catch (IOException e) {
            throw new TransientFailure(e);
        }
        if (json.length > LARGEST_LISTING) {
            throw new DemoticException("the hub's list of the files of " + reference
                    + " is absurdly long; check that HF_ENDPOINT is right");
        }
        return RepositoryListing.parse(json, reference);
    }

    /** Asks for a file as it is at a commit; all of it, or what is missing where the server agrees. */
    Answer open(String commit, String file, Optional<Resume> resume) throws TransientFailure {
        String path = Arrays.stream(file.split("/")).map(HubClient::encode).collect(Collectors.joining("/"));
        return get(address("/" + reference.repository() + "/resolve/" + commit + "/" + path), resume, file);
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }

    static boolean isHttp(URI address) {
        return address.getHost() != null
                && address.getPort() <= LARGEST_PORT
                && ("https".equalsIgnoreCase(address.getScheme()) || "http".equalsIgnoreCase(address.getScheme()));
    }

    private Answer get(URI address, Optional<Resume> resume, String file) throws TransientFailure {
        URI at = address;
        // The hub names a large file by its SHA-256 before it points to a storage with an ETag of its own.
        Optional<String> linkedEtag = Optional.empty();
        OptionalLong linkedSize = OptionalLong.empty();
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            HttpResponse<InputStream> response = send(request(at, resume, linkedEtag));
            linkedEtag = linkedEtag.or(() -> header(response, "X-Linked-Etag"));
            linkedSize = linkedSize.isPresent() ? linkedSize : number(response, "X-Linked-Size");
            switch (response.statusCode()) {
                case 200, 206, 416 -> {
                    Optional<String> etag = linkedEtag.or(() -> header(response, "ETag"));
                    boolean fromHub = linkedEtag.isPresent() || isHub(at);
                    return new Answer(
                            response.statusCode(),
                            etag.filter(text -> !text.startsWith("W/")),
                            etag.filter(text -> fromHub).flatMap(Checksum::of),
                            linkedSize.isPresent() ? linkedSize : wholeSize(response),
                            header(response, "Content-Range"),
                            new GuardedStream(response.body(), conditions.stall()));
                }
                case 301, 302, 303, 307, 308 -> {
                    closeQuietly(response.body());
                    at = target(response, at);
                }
                default -> {
                    closeQuietly(response.body());
                    throw refusal(response, at, file);
                }
            }
        }
        throw new DemoticException("the hub redirects " + name(file) + " in circles; check that HF_ENDPOINT is right");
    }

    private HttpRequest request(URI at, Optional<Resume> resume, Optional<String> linkedEtag) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(at).header("User-Agent", "demotic").header("Accept-Encoding", "identity");
        if (isHub(at)) {
            token.ifPresent(text -> request.header("Authorization", "Bearer " + text));
        }
        resume.filter(part -> linkedEtag.isEmpty() || linkedEtag.get().equals(part.etag))
                .ifPresent(part -> {
                    request.header("Range", "bytes=" + part.offset + "-");
                    if (linkedEtag.isEmpty()) {
                        request.header("If-Range", part.etag);
                    }
                });
        return request.build();
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws TransientFailure {
        CompletableFuture<HttpResponse<InputStream>> response =
                http.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
        try {
            return response.get(CONNECT.plus(conditions.stall()).toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            response.cancel(true);
            throw new TransientFailure(request.uri().getHost() + " does not answer");
        } catch (InterruptedException e) {
            response.cancel(true);
            Thread.currentThread().interrupt();
            throw new TransientFailure("it was interrupted");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw new TransientFailure(new IOException(
                        request.uri().getHost() + " cannot be reached, " + Failures.reason(failure), failure));
            }
            if (e.getCause() instanceof DemoticException failure) {
                throw failure;
            }
            throw new IllegalStateException(e);
        }
    }

    private URI target(HttpResponse<?> response, URI from) {
        String location = header(response, "Location").orElse("");
        try {
            URI target = from.resolve(URI.create(location));
            boolean downgrade =
                    "https".equalsIgnoreCase(from.getScheme()) && !"https".equalsIgnoreCase(target.getScheme());
            if (!location.isEmpty() && isHttp(target) && !downgrade) {
                return target;
            }
        } catch (IllegalArgumentException e) {
            // answered below like any other redirect that cannot be followed
        }
        throw new DemoticException(from.getHost() + " redirects to an address that cannot be followed safely, while "
                + reference + " is pulled; check that HF_ENDPOINT is right");
    }

    /** What a status other than success means; returns the exception to throw, or throws the one that is worth a retry. */
    private DemoticException refusal(HttpResponse<?> response, URI at, String file) throws TransientFailure {
        int status = response.statusCode();
        if (status == 408 || status == 429 || status >= 500) {
            throw new TransientFailure(at.getHost() + " answers " + status, retryAfter(response));
        }
        if (!isHub(at)) {
            // The storage's addresses expire; the hub gives a fresh one on the next attempt.
            throw new TransientFailure(at.getHost() + " answers " + status);
        }
        String repository = reference.repository();
        String code = header(response, "X-Error-Code").orElse("");
        if (code.equals("GatedRepo")) {
            return new DemoticException(repository + " is gated; accept its licence at " + settings.endpoint() + "/"
                    + repository + " and set HF_TOKEN to a token of that account");
        }
        return new DemoticException(
                switch (status) {
                    case 401 ->
                        token.isPresent()
                                ? settings.endpoint() + " does not accept the token for " + repository
                                        + "; check that HF_TOKEN is valid and the name right"
                                : settings.endpoint() + " has no public model " + repository
                                        + "; check the name, or set HF_TOKEN if it is private or gated";
                    case 403 ->
                        "access to " + repository + " is refused; accept its licence at " + settings.endpoint() + "/"
                                + repository + " if it is gated, and set HF_TOKEN to a token that may read it";
                    case 404 -> missing(code, file);
                    default ->
                        at.getHost() + " answers " + status + " to the request for " + name(file)
                                + "; check that HF_ENDPOINT names a Hugging Face hub";
                });
    }

    private String missing(String code, String file) {
        String repository = reference.repository();
        if (code.equals("RevisionNotFound")) {
            return repository + " has no revision " + reference.revisionOrDefault()
                    + "; name one of its branches, tags or commits";
        }
        if (!file.isEmpty()) {
            return name(file) + " is not on the hub, although it is listed there; try again later";
        }
        return settings.endpoint() + " has no model " + repository
                + (code.isEmpty() ? ", or not at revision " + reference.revisionOrDefault() : "")
                + "; check the name";
    }

    private String name(String file) {
        return file.isEmpty() ? reference.toString() : file + " of " + reference.repository();
    }

    private boolean isHub(URI at) {
        URI hub = settings.endpoint();
        return hub.getScheme().equalsIgnoreCase(at.getScheme())
                && hub.getHost().equalsIgnoreCase(at.getHost())
                && port(hub) == port(at);
    }

    private static int port(URI address) {
        if (address.getPort() >= 0) {
            return address.getPort();
        }
        return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
    }

    private URI address(String path) {
        return URI.create(settings.endpoint() + path);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Size of the whole file, from the length of all of it or from "bytes 5-9/10". */
    private static OptionalLong wholeSize(HttpResponse<?> response) {
        if (response.statusCode() == 200) {
            return number(response, "Content-Length");
        }
        return header(response, "Content-Range")
                .map(range -> range.substring(range.indexOf('/') + 1))
                .map(HubClient::number)
                .orElse(OptionalLong.empty());
    }

    /** The pause that the server asks for, in seconds or up to a date. */
    private static Optional<Duration> retryAfter(HttpResponse<?> response) {
        return header(response, "Retry-After").flatMap(text -> {
            OptionalLong seconds = number(text);
            if (seconds.isPresent()) {
                return Optional.of(Duration.ofSeconds(seconds.getAsLong()));
            }
            try {
                Instant until = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
                Duration wait = Duration.between(Instant.now(), until);
                return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
            } catch (DateTimeException e) {
                return Optional.empty();
            }
        });
    }

    private static Optional<String> header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).filter(value -> !value.isBlank());
    }

    private static OptionalLong number(HttpResponse<?> response, String header) {
        return header(response, header).map(HubClient::number).orElse(OptionalLong.empty());
    }

    private static OptionalLong number(String text) {
        return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    private static void closeQuietly(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // nothing more was wanted from it
        }
    }
}
