package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhysicalCoresTest {
    @TempDir
    Path folder;

    /** Four cores of two threads each, numbered as Intel's are: processor 4 is the second thread of core 0. */
    private void fourCores() throws IOException {
        for (int processor = 0; processor < 8; processor++) {
            siblings(processor, processor % 4 + "," + (processor % 4 + 4));
        }
    }

    private void siblings(int processor, String list) throws IOException {
        Path topology = Files.createDirectories(folder.resolve("cpu" + processor + "/topology"));
        Files.writeString(topology.resolve("thread_siblings_list"), list + "\n");
    }

    private Path allowed(String list) throws IOException {
        return Files.writeString(
                folder.resolve("status"),
                "Name:\tjava\nCpus_allowed:\tff\nCpus_allowed_list:\t" + list + "\nMems_allowed_list:\t0\n");
    }

    @Test
    void takesOneProcessorOfEachCore() throws IOException {
        fourCores();

        assertThat(PhysicalCores.processors(folder, allowed("0-7"))).containsExactly(0, 1, 2, 3);
    }

    @Test
    void heedsWhatTheProcessMayUse() throws IOException {
        fourCores();

        assertThat(PhysicalCores.processors(folder, allowed("2-4,6"))).containsExactly(2, 3, 4);
        assertThat(PhysicalCores.processors(folder, allowed("5"))).containsExactly(5);
    }

    @Test
    void readsRangesOfSiblings() throws IOException {
        siblings(0, "0-1");
        siblings(1, "0-1");
        siblings(2, "2-3");
        siblings(3, "2-3");

        assertThat(PhysicalCores.processors(folder, allowed("0-3"))).containsExactly(0, 2);
    }

    @Test
    void knowsNothingWhereNothingIsTold() throws IOException {
        assertThat(PhysicalCores.processors(folder, folder.resolve("absent"))).isEmpty();
        assertThat(PhysicalCores.processors(folder, allowed("0-3"))).isEmpty();
        assertThat(PhysicalCores.processors(folder, allowed("all of them"))).isEmpty();
        assertThat(PhysicalCores.processors(folder, Files.writeString(folder.resolve("status"), "Name:\tjava\n")))
                .isEmpty();
    }

    @Test
    void countsAtLeastOneHere() {
        assertThat(PhysicalCores.count()).isBetween(1, Runtime.getRuntime().availableProcessors());
    }
}
