package dev.demotic.langchain4j;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Work on virtual threads. */
final class Replies {
    private Replies() {}

    static Thread thread(Runnable work) {
        return Thread.ofVirtual().name("demotic-reply").unstarted(work);
    }

    /** Computes on a thread of its own, which is interrupted if the future is cancelled. */
    static <T> CompletableFuture<T> future(Supplier<T> work) {
        CompletableFuture<T> future = new CompletableFuture<>();
        Thread thread = thread(() -> {
            try {
                future.complete(work.get());
            } catch (Throwable failure) {
                future.completeExceptionally(failure);
            }
        });
        var _ = future.whenComplete((_, _) -> {
            if (future.isCancelled()) {
                thread.interrupt();
            }
        });
        thread.start();
        return future;
    }
}
