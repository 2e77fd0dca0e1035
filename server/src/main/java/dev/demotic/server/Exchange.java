package dev.demotic.server;

import dev.demotic.server.EventStream.ClientGone;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A request and its response, on the thread that works on it. */
final class Exchange {
    /** Why a request was stopped from outside. */
    enum Stop {
        CLIENT_LEFT,
        CLIENT_STUCK,
        SHUTDOWN
    }

    private final ServerRequest request;
    private final ServerResponse response;
    private final long maxBodyBytes;
    private final Duration ioTimeout;
    private final Thread thread = Thread.currentThread();
    private final long began = System.nanoTime();
    private final String id = Ids.next("req_");
    private final JsonObject notes = Json.object();
    private volatile @Nullable EventStream events;
    private @Nullable Stop stop;
    private boolean over;
    private int status;
    /** When the sending of the whole response began that is under way; 0 if none is. */
    private volatile long sendingSince;
    /** The response is complete: a client that leaves from now on has perhaps just read it. */
    private volatile boolean isAnswered;

    Exchange(ServerRequest request, ServerResponse response, ServerOptions options) {
        this.request = request;
        this.response = response;
        maxBodyBytes = options.maxBodyBytes();
        ioTimeout = options.ioTimeout();
        response.header("x-request-id", id);
    }

    String verb() {
        return request.prologue().method().text();
    }

    String path() {
        return request.prologue().uriPath().path();
    }

    /** A header's value; empty if it was not sent. */
    String header(String name) {
        return request.headers().first(HeaderNames.create(name)).orElse("");
    }

    /** Whether the client wants the connection closed after it. */
    boolean isLast() {
        return header("Connection").equalsIgnoreCase("close");
    }

    void respondWith(String header, String value) {
        response.header(header, value);
    }

    long nanos() {
        return System.nanoTime() - began;
    }

    /** The status that was sent; 0 before that. */
    int status() {
        return status;
    }

    /** What the log shall tell of this request, beside the usual. */
    JsonObject notes() {
        return notes;
    }

    /** The members of the JSON object that was sent; once it is read, the request is stopped when its client leaves. */
    Fields fields() {
        ReadAhead input = WatchedConnections.current();
        input.limit(ioTimeout);
        byte[] body = body();
        input.unlimit();
        input.onLeaving(() -> stop(Stop.CLIENT_LEFT));
        return Fields.of(Json.read(body));
    }

    private byte[] body() {
        long length = request.headers().contentLength().orElse(0);
        if (length > maxBodyBytes) {
            throw tooLarge();
        }
        try (InputStream in = request.content().inputStream()) {
            byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, maxBodyBytes + 1));
            if (bytes.length > maxBodyBytes) {
                throw tooLarge();
            }
            if (bytes.length < length) {
                throw ApiException.invalid(
                        null, "the body ends after %,d of %,d bytes".formatted(bytes.length, length));
            }
            return bytes;
        } catch (IOException failure) {
            throw broken(failure);
        } catch (UncheckedIOException failure) {
            throw broken(failure.getCause());
        } catch (DataReader.InsufficientDataAvailableException end) {
            throw broken(new EOFException("the body ends too early"));
        }
    }

    private ApiException tooLarge() {
        respondWith("Connection", "close");
        return ApiException.tooLarge("the request is longer than %,d bytes; shorten it".formatted(maxBodyBytes));
    }

    private RuntimeException broken(@Nullable IOException failure) {
        respondWith("Connection", "close");
        return failure instanceof SocketTimeoutException
                ? ApiException.tooSlow("the rest of the request did not come")
                : new ClientGone(failure == null ? new IOException("unknown") : failure);
    }

    void send(int code, String contentType, byte[] body) {
        status = code;
        isAnswered = true;
        sendingSince = System.nanoTime();
        try {
            response.status(code).header("Content-Type", contentType);
            if (verb().equals("HEAD") || code == 204 || code == 304) {
                response.send();
            } else {
                response.send(body);
            }
        } catch (UncheckedIOException | ServerConnectionException gone) {
            throw new ClientGone(gone);
        } finally {
            sendingSince = 0;
        }
    }

    void json(Object body) {
        send(200, "application/json", Json.bytes(body));
    }

    /** Begins a response that is streamed. */
    EventStream stream() {
        status = 200;
        response.status(200)
                .header("Content-Type", "text/event-stream; charset=utf-8")
                .header("Cache-Control", "no-cache")
                .header("X-Accel-Buffering", "no");
        EventStream stream = new EventStream(response.outputStream());
        events = stream;
        return stream;
    }

    /** Tells the client of an error, in whichever way is still possible. */
    void fail(ApiException error) {
        EventStream stream = events;
        if (stream != null) {
            stream.send(error.body());
            stream.close();
        } else if (!response.isSent()) {
            if (error.retryAfterSeconds() > 0) {
                respondWith("Retry-After", String.valueOf(error.retryAfterSeconds()));
            }
            send(error.status(), "application/json", Json.bytes(error.body()));
        }
    }

    /** Interrupts the request, if it is still worked on. */
    void stop(Stop reason) {
        EventStream stream = events;
        if (reason == Stop.CLIENT_LEFT && (isAnswered || stream != null && stream.isEnding())) {
            return;
        }
        if (reason == Stop.SHUTDOWN && stream != null) {
            // Its client shall be told, and an interrupt in the middle of a write closes the connection.
            stream.betweenWrites(() -> interrupt(reason));
        } else {
            interrupt(reason);
        }
    }

    private synchronized void interrupt(Stop reason) {
        if (!over && stop == null) {
            stop = reason;
            thread.interrupt();
        }
    }

    /** Why it was stopped, if it was. */
    synchronized @Nullable Stop stopped() {
        return stop;
    }

    /** Stops it if the client has not taken what is sent for so long. */
    void stopIfStuck(long nanos) {
        EventStream stream = events;
        long since = sendingSince;
        if (stream != null && stream.stuckNanos() > nanos || since != 0 && System.nanoTime() - since > nanos) {
            stop(Stop.CLIENT_STUCK);
        }
    }

    /** The request is done with: from now on its thread belongs to another one. */
    synchronized void end() {
        over = true;
        if (stop != null) {
            Thread.interrupted();
        }
    }

    /** Takes back the interruption, so that the client can be told. */
    void clearInterrupt() {
        Thread.interrupted();
    }
}
