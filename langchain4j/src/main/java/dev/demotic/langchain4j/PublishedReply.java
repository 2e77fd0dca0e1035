package dev.demotic.langchain4j;

import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A reply for one subscriber, on a thread of its own that waits wherever nothing is asked for. */
final class PublishedReply implements Flow.Subscription {
    private final ChatEngine engine;
    private final ChatEngine.Call call;
    private final Flow.Subscriber<? super ChatModelStreamingEvent> subscriber;
    private final Thread thread = Replies.thread(this::run);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long demand;
    private boolean ended;
    private @Nullable IllegalArgumentException violation;

    PublishedReply(
            ChatEngine engine, ChatEngine.Call call, Flow.Subscriber<? super ChatModelStreamingEvent> subscriber) {
        this.engine = engine;
        this.call = call;
        this.subscriber = Objects.requireNonNull(subscriber, "subscriber");
    }

    void start() {
        subscriber.onSubscribe(this);
        thread.start();
    }

    private void run() {
        Throwable failure;
        try {
            ChatResponse response = engine.answer(call, this::deliver);
            deliver(new CompleteResponse(response));
            if (end()) {
                subscriber.onComplete();
            }
            return;
        } catch (Throwable thrown) {
            failure = thrown;
        }
        Throwable reported = violation == null ? failure : violation;
        if (end()) {
            subscriber.onError(reported);
        }
    }

    /** Hands on an event as soon as it is asked for; a subscriber that throws has cancelled (Reactive Streams, rule 2.13). */
    private void deliver(ChatModelStreamingEvent event) {
        awaitDemand();
        try {
            subscriber.onNext(event);
        } catch (RuntimeException broken) {
            end();
            throw broken;
        }
    }

    private void awaitDemand() {
        lock.lock();
        try {
            while (demand == 0 && !ended && violation == null) {
                changed.await();
            }
            if (ended || violation != null) {
                throw new CancellationException("the subscriber wants no more");
            }
            demand--;
        } catch (InterruptedException cancelled) {
            throw new CancellationException("the subscription was cancelled");
        } finally {
            lock.unlock();
        }
    }

    /** Ends the subscription; false if it has ended before. */
    private boolean end() {
        lock.lock();
        try {
            boolean first = !ended;
            ended = true;
            changed.signalAll();
            return first;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void request(long events) {
        lock.lock();
        try {
            if (events <= 0) {
                // Rule 3.9: it is told so by onError, which the reply's thread calls.
                violation = new IllegalArgumentException("a subscriber asks for at least one event, not " + events);
                thread.interrupt();
            }
            demand = demand + Math.max(0, events) < 0 ? Long.MAX_VALUE : demand + Math.max(0, events);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void cancel() {
        if (end()) {
            thread.interrupt();
        }
    }
}
