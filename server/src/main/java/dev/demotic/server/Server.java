package dev.demotic.server;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.demotic.runtime.DemoticException;
import io.helidon.common.configurable.Resource;
import io.helidon.common.pki.Keys;
import io.helidon.http.DirectHandler;
import io.helidon.webserver.ErrorHandling;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelectorConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * OpenAI's API over HTTP, with the decoding method of a request as an extension.
 *
 * <pre>{@code
 * ServedModel model = new ServedModel("tiny", opened, Optional.empty(), MethodCall.parse("auto"));
 * try (Server server = Server.start(ServerOptions.defaults(), List.of(model))) {
 *     server.join();
 * }
 * }</pre>
 */
public final class Server implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Server.class.getName());
    /** How long requests that were stopped may take to notice. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    /** How the web server begins to refuse bodies that are compressed, for which it has no type of its own. */
    private static final String ENCODED = "Content-Encoding";
    /** How it begins where it would rather not say why. */
    private static final String WITHHELD = "Bad request, see server log";

    private final WebServer web;
    private final Gate gate;
    private final Models models;
    private final ServerOptions options;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ScheduledExecutorService watchman = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("demotic-watchman").factory());

    private Server(ServerOptions options, List<ServedModel> served) {
        this.options = options;
        models = new Models(served, options);
        Metrics metrics = new Metrics();
        models.all().forEach(model -> metrics.show(model, models.admission(model)));
        gate = new Gate(options, routes(metrics), metrics);
        web = webServer();
        Future<?> _ = watchman.scheduleWithFixedDelay(gate::stopStuck, 1, 1, TimeUnit.SECONDS);
    }

    /**
     * Starts a server; whoever opened the models closes them after it.
     *
     * @throws DemoticException if it cannot listen, or the certificate cannot be used
     */
    public static Server start(ServerOptions options, List<ServedModel> models) {
        check(options);
        Server server = new Server(options, models);
        server.web.start();
        return server;
    }

    /** Tries the address: the web server would only log that it has none. */
    private static void check(ServerOptions options) {
        try (ServerSocket _ = new ServerSocket(options.port(), 1, InetAddress.getByName(options.host()))) {
            // It is free.
        } catch (IOException failure) {
            throw new DemoticException(
                    "port %d of %s cannot be listened on (%s); choose another one with --port and --host"
                            .formatted(options.port(), options.host(), rootOf(failure)),
                    failure);
        }
    }

    private static String rootOf(Throwable failure) {
        Throwable root = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            root = cause;
        }
        return String.valueOf(root.getMessage() == null ? root : root.getMessage());
    }

    private Routes routes(Metrics metrics) {
        Choices choices = new Choices(models, metrics);
        Tokenization tokenization = new Tokenization(models);
        return new Routes(this::model, new Page())
                .get("/health", exchange -> exchange.json(Json.object().with("status", "ok")))
                .get("/metrics", metrics)
                .get("/api/methods", new MethodList())
                .get("/v1/models", exchange -> exchange.json(models.list()))
                .post("/v1/chat/completions", new ChatCompletions(models, choices, options))
                .post("/v1/completions", new Completions(models, choices, options))
                .post("/v1/responses", new Responses(models, choices, options))
                .post("/v1/embeddings", new Embeddings(models))
                .post("/tokenize", tokenization::tokenize)
                .post("/detokenize", tokenization::detokenize);
    }

    private void model(Exchange exchange) {
        String name = exchange.path().substring("/v1/models/".length());
        exchange.json(models.describe(models.named(name)));
    }

    private WebServer webServer() {
        Http1Config http1 = Http1Config.builder().validatePath(true).build();
        WebServerConfig.Builder builder = WebServer.builder()
                .host(options.host())
                .port(options.port())
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofSeconds(1))
                .protocolsDiscoverServices(false)
                .errorHandling(ErrorHandling.builder().includeEntity(true).build())
                .addConnectionSelector(new WatchedConnections(
                        Http1ConnectionSelectorConfig.builder().config(http1).build(), options.ioTimeout()))
                .directHandlers(handlers -> {
                    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
                        handlers.addHandler(type, Server::refusal);
                    }
                })
                .routing(routing -> routing.any(gate::handle));
        options.tls().ifPresent(tls -> secure(builder, tls));
        return builder.build();
    }

    /** What clients are told whose requests never get to the gate. */
    private static DirectHandler.TransportResponse refusal(
            DirectHandler.TransportRequest request,
            DirectHandler.EventType type,
            io.helidon.http.Status status,
            io.helidon.http.ServerResponseHeaders headers,
            String message) {
        ApiException error;
        if (message.startsWith(ENCODED)) {
            error = ApiException.improper(
                    415, "the body has a Content-Encoding, which is not supported; send it as it is");
        } else if (type == DirectHandler.EventType.BAD_REQUEST) {
            String reason = message.startsWith(WITHHELD) ? "check its path and headers" : message;
            error = ApiException.improper(status.code(), "the request is no proper HTTP/1.1: " + reason);
        } else {
            error = ApiException.improper(status.code(), message);
        }
        return DirectHandler.TransportResponse.builder()
                .status(io.helidon.http.Status.create(error.status()))
                .headers(headers)
                .header(io.helidon.http.HeaderNames.CONTENT_TYPE, "application/json")
                .keepAlive(false)
                .entity(Json.bytes(error.body()))
                .build();
    }

    private static void secure(WebServerConfig.Builder builder, ServerOptions.Tls tls) {
        try {
            Keys keys = Keys.builder()
                    .pem(pem -> pem.key(Resource.create(tls.key())).certChain(Resource.create(tls.certificates())))
                    .build();
            builder.tls(config -> config.privateKey(keys).privateKeyCertChain(keys));
        } catch (RuntimeException failure) {
            throw new DemoticException(
                    "%s and %s are no certificate and key in PEM form (%s)"
                            .formatted(tls.certificates(), tls.key(), rootOf(failure)),
                    failure);
        }
    }

    /** Where it listens. */
    public int port() {
        return web.port();
    }

    /** Where people find it. */
    public URI uri() {
        boolean isAnywhere = options.host().equals("0.0.0.0") || options.host().equals("::");
        String host = isAnywhere ? "localhost" : options.host();
        return URI.create("%s://%s:%d/"
                .formatted(
                        options.tls().isPresent() ? "https" : "http",
                        host.contains(":") ? "[" + host + "]" : host,
                        port()));
    }

    /** Waits until it is closed. */
    public void join() throws InterruptedException {
        closed.await();
    }

    /**
     * Ends it: requests that wait or come are refused, replies under way may end within the time that the options give, and what is
     * then left is told that it was stopped. Returns when all is over.
     */
    @Override
    public synchronized void close() {
        if (closed.getCount() == 0) {
            return;
        }
        gate.close();
        models.close();
        if (!isDrainedWithin(options.shutdownTimeout())) {
            LOG.log(WARNING, "stopping replies that are not done after {0}", options.shutdownTimeout());
            gate.stopAll();
            isDrainedWithin(LAST_WORDS);
        }
        watchman.shutdownNow();
        web.stop();
        LOG.log(INFO, "stopped");
        closed.countDown();
    }

    private boolean isDrainedWithin(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        boolean interrupted = false;
        while (!gate.isEmpty() && System.nanoTime() < end) {
            try {
                Thread.sleep(10);
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return gate.isEmpty();
    }
}
