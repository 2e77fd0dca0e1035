package dev.demotic.server;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.template.TemplateException;
import dev.demotic.server.EventStream.ClientGone;
import dev.demotic.server.Exchange.Stop;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;

/** Where requests come in: who may, which endpoint, and what becomes of failures. */
final class Gate {
    private static final System.Logger LOG = System.getLogger(Gate.class.getName());
    /** The status in logs and metrics of clients that left, as nginx has it. */
    private static final int CLIENT_LEFT = 499;

    private final ServerOptions options;
    private final Routes routes;
    private final Metrics metrics;
    private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;

    Gate(ServerOptions options, Routes routes, Metrics metrics) {
        this.options = options;
        this.routes = routes;
        this.metrics = metrics;
    }

    void handle(ServerRequest request, ServerResponse response) {
        Exchange exchange = new Exchange(request, response, options);
        open.add(exchange);
        int status = 0;
        try {
            status = answer(exchange);
        } finally {
            exchange.end();
            open.remove(exchange);
            metrics.answered(routes.name(exchange.path()), status, exchange.nanos());
            log(exchange, status);
        }
        if (status == CLIENT_LEFT) {
            throw new CloseConnectionException("nobody is there to answer");
        }
        if (exchange.isLast()) {
            exchange.linger();
            throw new CloseConnectionException("nothing more is to come");
        }
    }

    private int answer(Exchange exchange) {
        try {
            try {
                admit(exchange);
                return exchange.status();
            } catch (ClientGone gone) {
                return CLIENT_LEFT;
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError failure) {
                Stop stop = exchange.stopped();
                if (stop == Stop.CLIENT_LEFT || stop == Stop.CLIENT_STUCK) {
                    return CLIENT_LEFT;
                }
                exchange.clearInterrupt();
                ApiException error = errorOf(failure);
                if (error.status() == 500) {
                    LOG.log(ERROR, "a request failed", failure);
                }
                exchange.notes().with("error", error.getMessage());
                exchange.fail(error);
                return error.status();
            }
        } catch (RuntimeException gone) {
            return CLIENT_LEFT;
        }
    }

    private static ApiException errorOf(Throwable failure) {
        return switch (failure) {
            case ApiException error -> error;
            case CancellationException _ ->
                ApiException.unavailable("the server stopped before the reply was complete", failure);
            case TemplateException refusal ->
                ApiException.unprocessable("messages", String.valueOf(refusal.getMessage()));
            case OutOfMemoryError _ ->
                ApiException.unavailable("memory has run out; try again in a moment, or ask for less", failure);
            case DemoticException refusal -> ApiException.invalid(null, String.valueOf(refusal.getMessage()));
            default -> ApiException.internal(failure);
        };
    }

    private void admit(Exchange exchange) {
        allowOrigin(exchange);
        if (closing) {
            exchange.makeLast();
            throw ApiException.unavailable("the server is stopping; try again when it is back", null);
        }
        if (exchange.verb().equals("OPTIONS")) {
            preflight(exchange);
            return;
        }
        if (routes.needsKey(exchange.path())) {
            options.apiKey().ifPresent(key -> check(key, exchange));
        }
        routes.find(exchange).handle(exchange);
    }

    private static void check(String key, Exchange exchange) {
        String shown = exchange.header("Authorization");
        String bearer = shown.regionMatches(true, 0, "Bearer ", 0, 7)
                ? shown.substring(7).strip()
                : "";
        if (!MessageDigest.isEqual(key.getBytes(StandardCharsets.UTF_8), bearer.getBytes(StandardCharsets.UTF_8))) {
            exchange.respondWith("WWW-Authenticate", "Bearer");
            throw ApiException.unauthorized();
        }
    }

    /** Lets pages of other origins in only if that was allowed: a browser sends some requests before it asks. */
    private void allowOrigin(Exchange exchange) {
        String origin = exchange.header("Origin");
        if (origin.isEmpty() || isOwn(origin, exchange.header("Host"))) {
            return;
        }
        List<String> allowed = options.corsOrigins();
        if (!allowed.contains("*") && !allowed.contains(origin)) {
            throw ApiException.forbidden(
                    "pages of " + origin + " may not use this server; allow it with --cors-origin");
        }
        exchange.respondWith("Access-Control-Allow-Origin", allowed.contains("*") ? "*" : origin);
        exchange.respondWith("Access-Control-Expose-Headers", "x-request-id, retry-after");
        exchange.respondWith("Vary", "Origin");
    }

    private static boolean isOwn(String origin, String host) {
        try {
            return host.equals(URI.create(origin).getAuthority());
        } catch (IllegalArgumentException noUri) {
            return false;
        }
    }

    private static void preflight(Exchange exchange) {
        exchange.respondWith("Access-Control-Allow-Methods", "GET, POST");
        String headers = exchange.header("Access-Control-Request-Headers");
        exchange.respondWith("Access-Control-Allow-Headers", headers.isEmpty() ? "*" : headers);
        exchange.respondWith("Access-Control-Max-Age", "86400");
        exchange.send(204, "text/plain", new byte[0]);
    }

    private static void log(Exchange exchange, int status) {
        JsonObject line = Json.object()
                .with("request", exchange.verb() + " " + exchange.path())
                .with("status", status)
                .with("ms", exchange.nanos() / 1_000_000);
        line.putAll(exchange.notes());
        LOG.log(INFO, "{0}", new LogFields(line));
    }

    /** Stops requests whose clients do not take what is sent. */
    void stopStuck() {
        long limit = options.ioTimeout().toNanos();
        open.forEach(exchange -> exchange.stopIfStuck(limit));
    }

    /** From now on requests are refused. */
    void close() {
        closing = true;
    }

    boolean isEmpty() {
        return open.isEmpty();
    }

    /** Stops what is still worked on. */
    void stopAll() {
        open.forEach(exchange -> exchange.stop(Stop.SHUTDOWN));
    }
}
