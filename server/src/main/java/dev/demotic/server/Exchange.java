package dev.demotic.server;

import dev.demotic.server.EventStream.ClientGone;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
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

    /** Bytes that the sizes of chunks may take, beside as many as the body has. */
    private static final int CHUNK_ROOM = 64 << 10;
    /** How long clients may take to notice the answer to what they are still sending. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private final ServerRequest request;
    private final ServerResponse response;
    private final long maxBodyBytes;
    private final ReadAhead input = WatchedConnections.current();
    private final Thread thread = Thread.currentThread();
    private final long began = System.nanoTime();
    private final String id = Ids.next("req_");
    private final JsonObject notes = Json.object();
    private volatile @Nullable EventStream events;
    private @Nullable Stop stop;
    private boolean over;
    private int status;
    private boolean isRead;
    private boolean isLast;
    /** When the sending of the whole response began that is under way; 0 if none is. */
    private volatile long sendingSince;
    /** The response is complete: a client that leaves from now on has perhaps just read it. */
    private volatile boolean isAnswered;

    Exchange(ServerRequest request, ServerResponse response, ServerOptions options) {
        this.request = request;
        this.response = response;
        maxBodyBytes = options.maxBodyBytes();
        response.header("x-request-id", id);
        isRead = request.headers().contentLength().orElse(0) == 0
                && !request.headers().contains(HeaderNames.TRANSFER_ENCODING);
        isLast = header("Connection").equalsIgnoreCase("close");
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

    /** Whether the connection is to be closed after it: the client wants that, or was told so. */
    boolean isLast() {
        return isLast;
    }

    /** Tells the client that the connection will be closed. */
    void makeLast() {
        isLast = true;
        respondWith("Connection", "close");
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
        byte[] body = body();
        input.onLeaving(() -> stop(Stop.CLIENT_LEFT));
        return Fields.of(Json.read(body));
    }

    private byte[] body() {
        long length = request.headers().contentLength().orElse(0);
        if (length > maxBodyBytes) {
            throw tooLarge();
        }
        input.allow(2 * Math.min(Integer.MAX_VALUE, maxBodyBytes) + CHUNK_ROOM);
        try {
            // Not closed: that would read on, in order to keep the connection, whatever has failed.
            byte[] bytes =
                    request.content().inputStream().readNBytes((int) Math.min(Integer.MAX_VALUE - 8, maxBodyBytes + 1));
            if (bytes.length > maxBodyBytes) {
                throw tooLarge();
            }
            if (bytes.length < length) {
                throw ApiException.invalid(
                        null, "the body ends after %,d of %,d bytes".formatted(bytes.length, length));
            }
            isRead = true;
            return bytes;
        } catch (IOException | UncheckedIOException gone) {
            throw new ClientGone(gone);
        } catch (DataReader.InsufficientDataAvailableException end) {
            throw new ClientGone(new EOFException("the body ends too early"));
        } catch (RequestException refused) {
            throw refusal(refused);
        } catch (NumberFormatException noSize) {
            throw badChunk();
        }
    }

    private ApiException refusal(RequestException refused) {
        if (refused.status().equals(Status.REQUEST_TIMEOUT_408)) {
            return ApiException.tooSlow(String.valueOf(refused.getMessage()));
        }
        return refused.status().equals(Status.REQUEST_ENTITY_TOO_LARGE_413) ? tooLarge() : badChunk();
    }

    /** What the web server's reader of chunks fails on, which takes less than RFC 9112 (section 7.1) allows. */
    private static ApiException badChunk() {
        return ApiException.invalid(
                null,
                "a chunk of the body has no size in hexadecimal digits alone, or trailer fields follow the last; send neither extensions nor trailers");
    }

    private ApiException tooLarge() {
        return ApiException.tooLarge("the request is longer than %,d bytes; shorten it".formatted(maxBodyBytes));
    }

    void send(int code, String contentType, byte[] body) {
        status = code;
        isAnswered = true;
        sendingSince = System.nanoTime();
        if (!isRead) {
            // Its rest would be taken for the next request.
            makeLast();
        }
        try {
            response.status(code).header("Content-Type", contentType);
            if (code == 204 || code == 304) {
                response.send();
            } else if (verb().equals("HEAD")) {
                response.header("Content-Length", String.valueOf(body.length)).send();
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
        input.endRequest();
    }

    /** Lets a client that is still sending read the answer before the connection is closed. */
    void linger() {
        if (!isRead) {
            input.drop(LINGER);
        }
    }

    /** Takes back the interruption, so that the client can be told. */
    void clearInterrupt() {
        Thread.interrupted();
    }
}
