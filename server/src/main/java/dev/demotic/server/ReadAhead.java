package dev.demotic.server;

import io.helidon.common.buffers.DataReader;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
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

    ReadAhead(DataReader source) {
        this.source = source;
    }

    /** The next bytes for the connection's thread; null at the end. */
    @Override
    public byte @Nullable [] get() {
        CompletableFuture<byte[]> early = ahead;
        ahead = null;
        if (early == null) {
            return orNull(read());
        }
        try {
            return orNull(early.get());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException failed) {
            return null;
        }
    }

    /** Calls back, on another thread, when the client leaves before it sends anything more. */
    void onLeaving(Runnable action) {
        CompletableFuture<byte[]> reading = ahead;
        if (reading == null) {
            reading = new CompletableFuture<>();
            ahead = reading;
            CompletableFuture<byte[]> result = reading;
            Thread.startVirtualThread(() -> readInto(result));
        }
        CompletableFuture<Void> _ = reading.handle((bytes, failure) -> {
            if (failure != null || bytes.length == 0) {
                action.run();
            }
            return null;
        });
    }

    private void readInto(CompletableFuture<byte[]> result) {
        while (!result.isDone()) {
            try {
                result.complete(read());
            } catch (UncheckedIOException failure) {
                // A client that waits for its reply is silent for as long as that takes.
                if (!(failure.getCause() instanceof SocketTimeoutException)) {
                    result.completeExceptionally(failure);
                }
            } catch (RuntimeException failure) {
                result.completeExceptionally(failure);
            }
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
