package dev.demotic.runtime.format.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a pull meets on the machine: how waiting is done, how long a silent server is borne, how much disk is free.
 *
 * @param stall how long a connection may bring nothing before it counts as cut
 */
record Conditions(Pause pause, Duration stall, FreeSpace freeSpace) {
    static final Conditions REAL = new Conditions(
            Thread::sleep,
            Duration.ofMinutes(1),
            folder -> Files.getFileStore(folder).getUsableSpace());

    interface Pause {
        void sleep(Duration time) throws InterruptedException;
    }

    interface FreeSpace {
        /** Bytes that can be written on the disk that holds the folder. */
        long of(Path folder) throws IOException;
    }
}
