package dev.demotic.server;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.DirectHandler;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a client sends, read before it is wanted while a request of it is worked on: that is the only way to notice that it has
 * left. What comes early (the next request of the connection) is kept until it is wanted.
 */
final class ReadAhead implements Supplier<byte @Nullable []> {
    private static final byte[] NOTHING = {};

    private final DataReader source;
    private final long silenceNanos;
    private @Nullable CompletableFuture<byte[]> ahead;
    /** Whether what comes next begins a request, for which a client may take as long as it likes. */
    private boolean isBetweenRequests = true;
    /** Bytes that may still come before the request ends. */
    private long allowed = Long.MAX_VALUE;

    /** @param silence longest that a client may keep in the middle of a request */
    ReadAhead(DataReader source, Duration silence) {
        this.source = source;
        silenceNanos = silence.toNanos();
    }

    /** A request was read to its end. */
    void endRequest() {
        isBetweenRequests = true;
        allowed = Long.MAX_VALUE;
    }

    /** From now on the request may have so many bytes more; the web server itself would hold a chunk of any size. */
    void allow(long bytes) {
        allowed = bytes;
    }

    /**
     * The next bytes for the connection's thread; null at the end.
     *
     * @throws RequestException with status 408 if the client is silent for too long, and 413 if it sends too much; it can still be
     *     answered then
     */
    @Override
    public byte @Nullable [] get() {
        long limit = isBetweenRequests ? Long.MAX_VALUE : silenceNanos;
        isBetweenRequests = false;
        if (ahead == null && limit == Long.MAX_VALUE) {
            return counted(read());
        }
        CompletableFuture<byte[]> reading = reading();
        try {
            byte[] bytes = reading.get(limit, TimeUnit.NANOSECONDS);
            ahead = null;
            return counted(bytes);
        } catch (TimeoutException silent) {
            throw refused(Status.REQUEST_TIMEOUT_408, "the rest of the request did not come");
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException failed) {
            return null;
        }
    }

    /**
     * Forgets what still comes, until the client leaves or for so long: a connection that is closed on what nobody read is reset, and
     * the client may lose the answer that it was sent (RFC 9112, section 9.6).
     */
    void drop(Duration longest) {
        long end = System.nanoTime() + longest.toNanos();
        try {
            while (System.nanoTime() < end) {
                byte[] bytes = reading().get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                ahead = null;
                if (bytes.length == 0) {
                    return;
                }
            }
        } catch (TimeoutException | ExecutionException over) {
            // There is nothing more to forget.
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** Calls back, on another thread, when the client leaves before it sends anything more. */
    void onLeaving(Runnable action) {
        CompletableFuture<Void> _ = reading().handle((bytes, failure) -> {
            if (failure != null || bytes.length == 0) {
                action.run();
            }
            return null;
        });
    }

    /** The read that is under way, or was done early. */
    private CompletableFuture<byte[]> reading() {
        if (ahead == null) {
            CompletableFuture<byte[]> result = new CompletableFuture<>();
            Thread.startVirtualThread(() -> readInto(result));
            ahead = result;
        }
        return ahead;
    }

    private void readInto(CompletableFuture<byte[]> result) {
        try {
            result.complete(read());
        } catch (RuntimeException failure) {
            result.completeExceptionally(failure);
        }
    }

    private byte[] read() {
        try {
            source.ensureAvailable();
            return source.readBytes(source.available());
        } catch (DataReader.InsufficientDataAvailableException end) {
            return NOTHING;
        }
    }

    private byte @Nullable [] counted(byte[] bytes) {
        allowed -= bytes.length;
        if (allowed < 0) {
            throw refused(Status.REQUEST_ENTITY_TOO_LARGE_413, "the request is too long");
        }
        return bytes.length == 0 ? null : bytes;
    }

    private static RequestException refused(Status status, String message) {
        return RequestException.builder()
                .type(DirectHandler.EventType.OTHER)
                .status(status)
                .message(message)
                .build();
    }
}
