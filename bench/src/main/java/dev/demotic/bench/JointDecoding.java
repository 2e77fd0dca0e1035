package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Sequences that decode at the same time, each greedily on a virtual thread of its own after a prompt of its own. */
final class JointDecoding implements AutoCloseable {
    /** Tokens of each prompt. */
    static final int PROMPT = 128;

    private final List<Sequence> sequences = new ArrayList<>();
    private final int[] firstTokens;
    private final int generated;

    /**
     * Opens {@code count} sequences and has them read their prompts.
     *
     * @param generated tokens that each puts out in a measurement
     */
    JointDecoding(LanguageModel model, int count, int generated) {
        this.generated = generated;
        firstTokens = new int[count];
        try {
            for (int i = 0; i < count; i++) {
                sequences.add(model.newSequence(PROMPT + generated));
            }
            together(count, i -> {
                Outputs outputs = sequences.get(i).append(RandomTokens.of(model, PROMPT, i));
                firstTokens[i] = outputs.argmax(outputs.last());
            });
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    /** Tokens a second that the first {@code count} sequences put out together; what they put out is forgotten. */
    double tokensPerSecond(int count) {
        long began = System.nanoTime();
        together(count, i -> {
            Sequence sequence = sequences.get(i);
            int token = firstTokens[i];
            for (int step = 0; step < generated; step++) {
                Outputs outputs = sequence.append(token);
                token = outputs.argmax(outputs.last());
            }
        });
        double seconds = (System.nanoTime() - began) * 1e-9;
        sequences.forEach(sequence -> sequence.truncate(PROMPT));
        return count * generated / seconds;
    }

    private static void together(int count, IntConsumer work) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<? extends Future<?>> results = IntStream.range(0, count)
                    .mapToObj(i -> threads.submit(() -> work.accept(i)))
                    .toList();
            try {
                for (Future<?> result : results) {
                    result.get();
                }
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new CancellationException("the measurement was interrupted");
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw e.getCause() instanceof DemoticException known
                        ? new DemoticException(String.valueOf(known.getMessage()), known)
                        : new IllegalStateException("decoding failed", e.getCause());
            }
        }
    }

    @Override
    public void close() {
        sequences.forEach(Sequence::close);
    }
}
