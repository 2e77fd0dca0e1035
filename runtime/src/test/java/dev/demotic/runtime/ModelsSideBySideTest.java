package dev.demotic.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.backend.cpu.PhysicalCores;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that share cores and threads, and passes that compute on threads of their own. */
@Timeout(300)
class ModelsSideBySideTest {
    private static final int TOKENS = 60;

    private static LanguageModel open(int seed) {
        return LanguageModel.open(
                new TinyModel(TensorType.Q8_0, seed, seed + 1),
                ModelOptions.defaults().withThreads(PhysicalCores.count()).withSequences(4));
    }

    private static List<int[]> text(LanguageModel model, int first) {
        List<int[]> rows = new ArrayList<>();
        try (Sequence sequence = model.newSequence()) {
            int token = first;
            for (int i = 0; i < TOKENS; i++) {
                Outputs outputs = sequence.append(token);
                rows.add(outputs.logits(outputs.last()).toArray(ValueLayout.JAVA_INT));
                token = outputs.argmax(outputs.last());
            }
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void modelsThatComputeInTurnsDoNotDisturbEachOther(boolean virtual) throws Exception {
        try (LanguageModel one = open(3);
                LanguageModel two = open(7);
                ExecutorService threads =
                        virtual ? Executors.newVirtualThreadPerTaskExecutor() : Executors.newCachedThreadPool()) {
            List<int[]> ofOne = text(one, 5);
            List<int[]> ofTwo = text(two, 5);
            List<Callable<List<int[]>>> tasks =
                    List.of(() -> text(one, 5), () -> text(two, 5), () -> text(one, 5), () -> text(two, 5));
            List<Future<List<int[]>>> together = threads.invokeAll(tasks);
            for (int i = 0; i < tasks.size(); i++) {
                assertThat(together.get(i).get())
                        .usingElementComparator(java.util.Arrays::compare)
                        .isEqualTo(i % 2 == 0 ? ofOne : ofTwo);
            }
        }
    }

    @Test
    void whoDecodesWaitsForNoMoreThanAChunkOfAPrompt() throws Exception {
        int[] prompt = new int[120];
        try (LanguageModel model = open(3);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                Sequence decoding = model.newSequence()) {
            AtomicBoolean isDone = new AtomicBoolean();
            Future<?> reader = threads.submit(() -> {
                try (Sequence reading = model.newSequence()) {
                    while (!isDone.get()) {
                        reading.append(prompt);
                        reading.truncate(0);
                    }
                }
            });
            int most = 0;
            for (int shared = 0; shared < 20 && !reader.isDone(); ) {
                int rows = decoding.append(5).step().rows();
                decoding.truncate(0);
                most = Math.max(most, rows);
                shared += rows > 1 ? 1 : 0;
            }
            isDone.set(true);
            reader.get();
            assertThat(most).isLessThanOrEqualTo(65);
        }
    }

    @Test
    void aModelClosedDuringALonePassEndsItsText() throws Exception {
        LanguageModel model = open(3);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<String> message = threads.submit(() -> {
                try (Sequence sequence = model.newSequence()) {
                    while (true) {
                        sequence.append(5);
                        sequence.truncate(0);
                    }
                } catch (DemoticException closed) {
                    return String.valueOf(closed.getMessage());
                }
            });
            while (model.statistics().steps() < 20) {
                Thread.onSpinWait();
            }
            model.close();
            assertThat(message.get()).contains("model", "closed");
        }
    }

    @Test
    void loneTextsTakeAStepAPass() {
        try (LanguageModel model = open(3)) {
            text(model, 5);
            assertThat(model.statistics().steps()).isEqualTo(TOKENS);
            assertThat(model.statistics().passes()).isEqualTo(TOKENS);
        }
    }
}
