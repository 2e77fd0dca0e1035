package dev.demotic.server;

import io.helidon.common.buffers.DataReader;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
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
    private @Nullable CompletableFuture<byte[]> ahead;
    private long limitNanos = Long.MAX_VALUE;

    ReadAhead(DataReader source) {
        this.source = source;
    }

    /** How long the client may be silent from now on before reading fails; the connection can still be written to then. */
    void limit(Duration silence) {
        limitNanos = silence.toNanos();
    }

    /** The client may be silent for as long as it likes. */
    void unlimit() {
        limitNanos = Long.MAX_VALUE;
    }

    /**
     * The next bytes for the connection's thread; null at the end.
     *
     * @throws UncheckedIOException of a {@link SocketTimeoutException} if they do not come within the limit
     */
    @Override
    public byte @Nullable [] get() {
        if (ahead == null && limitNanos == Long.MAX_VALUE) {
            return orNull(read());
        }
        CompletableFuture<byte[]> reading = reading();
        try {
            byte[] bytes = reading.get(limitNanos, TimeUnit.NANOSECONDS);
            ahead = null;
            return orNull(bytes);
        } catch (TimeoutException silent) {
            throw new UncheckedIOException(new SocketTimeoutException("the client is silent"));
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException failed) {
            return null;
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

    private static byte @Nullable [] orNull(byte[] bytes) {
        return bytes.length == 0 ? null : bytes;
    }
}
