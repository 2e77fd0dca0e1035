package dev.demotic.server;

import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.FinishReason;
import dev.demotic.decoding.Generation;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Generates the replies of a request: all at once, so that they share the engine's steps. */
final class Choices {
    private final Models models;
    private final Metrics metrics;

    Choices(Models models, Metrics metrics) {
        this.models = models;
        this.metrics = metrics;
    }

    /** Told of a reply while it is made, on its thread. */
    interface Listener {
        /** How likely a token was, before its text; if that was asked for. */
        default void token(TokenLogprobs likelihood) {}

        default void text(String piece) {}

        /** A round's draft, after its text; if that was asked for. */
        default void round(DraftRound round) {}

        /** The reply is complete. */
        default void done(Reply reply) {}
    }

    /** Waits for the right to make a request's replies. */
    Admission.Permit enter(Wish wish, int prompt, int replies) {
        String param = replies > wish.replies() ? "best_of" : "n";
        return models.admission(wish.served()).enter(param, prompt, wish.positions(prompt), replies);
    }

    /** {@link #generate(Exchange, Wish, int[], int, int, IntFunction)} with nobody listening. */
    List<Reply> generate(Exchange exchange, Wish wish, int[] prompt, int first, int count) {
        return generate(exchange, wish, prompt, first, count, _ -> new Listener() {});
    }

    /**
     * Makes replies to a prompt; the request must have been let in.
     *
     * @param first replies that the request had before these: each has a seed of its own
     * @param listeners by the replies' places among the request's
     * @throws CancellationException if the thread is interrupted
     */
    List<Reply> generate(
            Exchange exchange, Wish wish, int[] prompt, int first, int count, IntFunction<Listener> listeners) {
        List<Reply> replies = count == 1
                ? List.of(one(exchange, wish, prompt, first, listeners.apply(first)))
                : several(exchange, wish, prompt, first, count, listeners);
        exchange.notes()
                .with("model", wish.served().name())
                .with("prompt_tokens", prompt.length)
                .with("completion_tokens", Accounts.completionTokens(replies));
        return replies;
    }

    private List<Reply> several(
            Exchange exchange, Wish wish, int[] prompt, int first, int count, IntFunction<Listener> listeners) {
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try (threads) {
            ExecutorCompletionService<Reply> making = new ExecutorCompletionService<>(threads);
            List<Future<Reply>> replies = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int index = first + i;
                Listener listener = listeners.apply(index);
                replies.add(making.submit(() -> one(exchange, wish, prompt, index, listener)));
            }
            try {
                for (int i = 0; i < count; i++) {
                    Reply _ = making.take().get();
                }
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new CancellationException("the request was stopped");
            } catch (ExecutionException failure) {
                threads.shutdownNow();
                throw rethrown(failure.getCause());
            }
            return replies.stream().map(Future::resultNow).toList();
        }
    }

    private static RuntimeException rethrown(@Nullable Throwable cause) {
        return switch (cause) {
            case RuntimeException known -> known;
            case Error error -> throw error;
            case null, default -> new IllegalStateException(cause);
        };
    }

    private Reply one(Exchange exchange, Wish wish, int[] prompt, int index, Listener listener) {
        Generation generation = wish.generation().seed(wish.seed() + index).onToken(listener::token);
        if (wish.isTraced() && wish.isStreamed()) {
            generation = generation.onDraft(listener::round);
        }
        Pace pace = new Pace(exchange, wish.served());
        try {
            Reply reply = generation.complete(prompt, text -> {
                pace.text();
                listener.text(text);
            });
            if (reply.finishReason() == FinishReason.CANCELLED) {
                throw new CancellationException("the request was stopped");
            }
            metrics.replied(wish.served(), reply);
            listener.done(reply);
            return reply;
        } catch (DemoticException failure) {
            throw ApiException.unavailable(String.valueOf(failure.getMessage()), failure);
        }
    }

    /** How a reply's text comes. */
    private final class Pace {
        private final Exchange exchange;
        private final ServedModel served;
        private long last;

        Pace(Exchange exchange, ServedModel served) {
            this.exchange = exchange;
            this.served = served;
        }

        void text() {
            long now = System.nanoTime();
            if (last == 0) {
                metrics.firstText(served, exchange.nanos());
            } else {
                metrics.nextText(served, now - last);
            }
            last = now;
        }
    }
}
