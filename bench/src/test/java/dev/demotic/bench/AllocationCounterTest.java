package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class AllocationCounterTest {
    private static volatile Object sink = "";

    @Test
    void countsWhatThisThreadTakes() {
        AllocationCounter counter = AllocationCounter.here().orElseThrow();

        long before = counter.bytes();
        sink = new byte[1 << 20];
        long taken = counter.bytes() - before;

        assertThat(sink).isNotNull();
        assertThat(taken).isBetween(1L << 20, (1L << 20) + 4096);
    }

    @Test
    void countsOtherThreadsOnlyIfTheyCompute() throws InterruptedException {
        Thread other = Thread.ofPlatform().name("demotic-progress").start(() -> {
            while (!Thread.interrupted()) {
                sink = new byte[1 << 10];
            }
        });
        AllocationCounter counter = AllocationCounter.here().orElseThrow();

        long before = counter.bytes();
        Thread.sleep(5);
        long taken = counter.bytes() - before;
        other.interrupt();
        other.join();

        assertThat(taken).isLessThan(1 << 10);
    }

    @Test
    void aVirtualThreadHasNoCounter() throws InterruptedException {
        Optional<?>[] counter = {Optional.of("none yet")};
        Thread.ofVirtual().start(() -> counter[0] = AllocationCounter.here()).join();

        assertThat(counter[0]).isEmpty();
    }
}
