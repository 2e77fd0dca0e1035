package dev.demotic.server;

import io.helidon.webserver.ServerConnectionException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** A response as server-sent events (WHATWG HTML, section 9.2). Safe for use by several threads. */
final class EventStream {
    private final OutputStream out;
    private final ReentrantLock lock = new ReentrantLock();
    /** When the write began that is under way; 0 if none is. */
    private volatile long writingSince;

    private volatile boolean ending;

    EventStream(OutputStream out) {
        this.out = out;
    }

    /** @throws ClientGone if nobody takes it */
    void send(Object json) {
        write("data: " + Json.text(json) + "\n\n");
    }

    /** An event with a name, as the Responses API has them. */
    void send(String event, Object json) {
        write("event: " + event + "\ndata: " + Json.text(json) + "\n\n");
    }

    /** The last event, as OpenAI's streams of completions end. */
    void done() {
        ending = true;
        write("data: [DONE]\n\n");
    }

    /** The last event, as the Responses API ends. */
    void done(String event, Object json) {
        ending = true;
        send(event, json);
    }

    /** Whether the last event is sent, or on its way. */
    boolean isEnding() {
        return ending;
    }

    /** Ends the response; once the last event was taken, nobody need wait for this. */
    void close() {
        try {
            out.close();
        } catch (IOException | RuntimeException gone) {
            if (!ending) {
                throw new ClientGone(gone);
            }
        }
    }

    /** How long the write under way has been stuck, in nanoseconds. */
    long stuckNanos() {
        long since = writingSince;
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    /** Acts while nothing is being written, or when that has taken too long already. */
    void betweenWrites(Runnable action) {
        boolean isMine = false;
        try {
            isMine = lock.tryLock(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            action.run();
        } finally {
            if (isMine) {
                lock.unlock();
            }
        }
    }

    private void write(String text) {
        lock.lock();
        boolean wasInterrupted = Thread.interrupted(); // a write would close the connection
        try {
            writingSince = System.nanoTime();
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException | UncheckedIOException | ServerConnectionException | IllegalStateException gone) {
            throw new ClientGone(gone);
        } finally {
            writingSince = 0;
            lock.unlock();
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Nobody takes what is sent. */
    static final class ClientGone extends RuntimeException {
        private static final long serialVersionUID = 1;

        ClientGone(Throwable cause) {
            super("the client has left", cause);
        }
    }
}
