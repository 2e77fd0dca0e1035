package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SideTaskTest {
    private final CountDownLatch never = new CountDownLatch(1);
    private final AtomicBoolean interrupted = new AtomicBoolean();

    /** Ends only when it is interrupted, and takes its time even then. */
    private void waitForever() {
        try {
            never.await();
        } catch (InterruptedException e) {
            long end = System.nanoTime() + 20_000_000;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            interrupted.set(true);
        }
    }

    @Test
    void runsBesideItsCaller() {
        CountDownLatch met = new CountDownLatch(1);
        List<String> seen = new ArrayList<>();
        try (SideTask side = SideTask.start(() -> {
            seen.add("side");
            met.countDown();
        })) {
            met.await();
            side.join();
            assertThat(seen).containsExactly("side");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void closingEndsTheWork() {
        try (SideTask _ = SideTask.start(this::waitForever)) {
            assertThat(interrupted).isFalse();
        }
        assertThat(interrupted).isTrue();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void anInterruptOfTheCallerEndsBoth() {
        try (SideTask side = SideTask.start(this::waitForever)) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(side::join).isInstanceOf(CancellationException.class);
            assertThat(interrupted).as("it has ended").isTrue();
        }
        assertThat(Thread.interrupted()).as("the interrupt stays set").isTrue();
    }

    @Test
    void whatTheWorkThrowsReachesTheCaller() {
        assertThatThrownBy(() -> join(() -> {
                    throw new DemoticException("no room");
                }))
                .isInstanceOf(DemoticException.class)
                .hasMessage("no room");
        assertThatThrownBy(() -> join(() -> {
                    throw new IllegalArgumentException("wrong");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("wrong");
    }

    private static void join(Runnable work) {
        try (SideTask side = SideTask.start(work)) {
            side.join();
        }
    }
}
