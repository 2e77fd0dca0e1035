package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void eachThreadOfATeamKeepsToItsCore(int first) throws InterruptedException {
        List<Integer> processors = PhysicalCores.processors();
        assumeTrue(!processors.isEmpty(), "this system tells nothing of its cores");
        Map<Integer, String> seen = new ConcurrentHashMap<>();
        Thread caller = Thread.ofPlatform()
                .start(
                        () -> { // a thread of its own, since it stays pinned
                            try (ThreadTeam team = new ThreadTeam(3, Placement.pinned(first))) {
                                while (seen.size() < 3) {
                                    team.run(64, (_, _, worker) -> seen.put(worker, allowedProcessors()));
                                }
                            }
                        });
        caller.join();

        for (int worker = 0; worker < 3; worker++) {
            assertThat(seen.get(worker)).isEqualTo("" + processors.get((first + worker) % processors.size()));
        }
    }

    @Test
    void whereThereIsNothingToPinToItIsRefused() {
        assumeFalse(System.getProperty("os.name").equals("Linux"), "Linux can pin");

        assertThatThrownBy(() -> Placement.pinned(0))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("on Linux only");
    }

    private static String allowedProcessors() {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
