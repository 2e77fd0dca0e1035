package dev.demotic.runtime.format.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A response body that ends in an IOException when nothing arrives for a while; Java's HTTP client would wait for ever. */
final class GuardedStream extends FilterInputStream {
    private static final String STALLED = "the server stopped sending";

    private final Duration stall;
    private final Thread guard;
    private final AtomicLong reads = new AtomicLong();
    private volatile boolean stalled;

    /**
     * @param stall the silence that is borne at least; up to twice as long at most
     */
    GuardedStream(InputStream body, Duration stall) {
        super(body);
        this.stall = stall;
        this.guard = Thread.ofVirtual().start(this::watch);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int read;
        try {
            read = super.read(buffer, offset, length);
        } catch (IOException e) {
            throw new IOException(stalled ? STALLED : "the connection was cut", e);
        }
        if (stalled) {
            throw new IOException(STALLED);
        }
        reads.incrementAndGet();
        return read;
    }

    @Override
    public void close() throws IOException {
        guard.interrupt();
        super.close();
    }

    private void watch() {
        try {
            for (long seen = -1; seen != reads.get(); ) {
                seen = reads.get();
                Thread.sleep(stall);
            }
            stalled = true;
            in.close();
        } catch (InterruptedException | IOException e) {
            // closed by its reader
        }
    }
}
