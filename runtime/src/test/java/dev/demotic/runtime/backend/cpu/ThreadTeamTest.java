package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class ThreadTeamTest {
    @Test
    void everyPartRunsOnce() {
        try (ThreadTeam team = new ThreadTeam(4)) {
            for (int round = 0; round < 5_000; round++) {
                int parts = round % 13;
                AtomicIntegerArray runs = new AtomicIntegerArray(13);
                team.run(parts, (from, end, worker) -> {
                    for (int part = from; part < end; part++) {
                        runs.incrementAndGet(part);
                    }
                });
                for (int part = 0; part < 13; part++) {
                    assertThat(runs.get(part)).isEqualTo(part < parts ? 1 : 0);
                }
            }
        }
    }

    /** A helper that is still looking for parts of a short task when a longer one starts must not count against that one. */
    @Test
    void aLongTaskAfterAShortOneRunsWhole() {
        try (ThreadTeam team = new ThreadTeam(3)) {
            AtomicInteger runs = new AtomicInteger();
            for (int round = 0; round < 400_000; round++) {
                int parts = round % 2 == 0 ? 2 : 40;
                runs.set(0);
                team.run(parts, (from, end, worker) -> runs.addAndGet(end - from));
                assertThat(runs.get()).isEqualTo(parts);
            }
        }
    }

    @Test
    void workersHaveNumbersOfTheirOwn() {
        try (ThreadTeam team = new ThreadTeam(3)) {
            AtomicIntegerArray busy = new AtomicIntegerArray(3);
            team.run(1_000, (from, end, worker) -> {
                if (busy.incrementAndGet(worker) != 1) {
                    throw new IllegalStateException("two threads share number " + worker);
                }
                busy.decrementAndGet(worker);
            });
        }
    }

    @Test
    void aFailureReachesTheCallerAndTheTeamGoesOn() {
        try (ThreadTeam team = new ThreadTeam(2)) {
            assertThatThrownBy(() -> team.run(100, (from, end, worker) -> {
                        if (from <= 37 && 37 < end) {
                            throw new IllegalArgumentException("part 37");
                        }
                    }))
                    .hasRootCauseMessage("part 37");
            int[] sum = new int[100];
            team.run(100, (from, end, worker) -> {
                for (int part = from; part < end; part++) {
                    sum[part] = part;
                }
            });
            assertThat(sum).containsSequence(36, 37, 38);
        }
    }
}
