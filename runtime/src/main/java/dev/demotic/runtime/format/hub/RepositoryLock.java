package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.hub.Conditions.Pause;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Lets one puller at a time into a repository's folder, over all threads and processes. */
final class RepositoryLock implements AutoCloseable {
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);
    /** Locks of this process: on POSIX, closing a second channel to a file would release the first one's lock. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;

    private RepositoryLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Waits until nobody else holds the lock, and says so once if that takes time. The folder exists. */
    static RepositoryLock take(Path folder, String repository, Pause pause, Progress progress) throws IOException {
        Path real = folder.toRealPath().resolve(".lock");
        boolean told = false;
        while (true) {
            RepositoryLock lock = tryTake(real);
            if (lock != null) {
                return lock;
            }
            if (!told) {
                progress.message("another process is pulling " + repository + "; waiting for it");
                told = true;
            }
            try {
                pause.sleep(BETWEEN_LOOKS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DemoticException(
                        "stopped while waiting for another process that pulls " + repository + "; run it again", e);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            HELD.remove(file);
        }
    }

    private static @Nullable RepositoryLock tryTake(Path file) throws IOException {
        if (!HELD.add(file)) {
            return null;
        }
        FileChannel channel = null;
        FileLock lock = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = channel.tryLock();
            return lock == null ? null : new RepositoryLock(file, channel);
        } catch (OverlappingFileLockException e) {
            return null;
        } finally {
            if (lock == null) {
                HELD.remove(file);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }
}
