package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.format.hub.HubClient.Resume;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;

/** As much of a file as has arrived: its bytes in {@code name.part}, and beside them the ETag that they came with. */
final class PartialFile {
    private static final Pattern STRONG_ETAG = Pattern.compile("[!-~ ]{1,1000}");

    private final Path target;
    private final Path part;
    private final Path etag;

    PartialFile(Path target) {
        this.target = target;
        this.part = target.resolveSibling(target.getFileName() + ".part");
        this.etag = target.resolveSibling(target.getFileName() + ".part.etag");
    }

    /** Bytes that have arrived. */
    long size() throws IOException {
        return Files.exists(part) ? Files.size(part) : 0;
    }

    /** How to go on, or empty where there is nothing to go on from. */
    Optional<Resume> resume() throws IOException {
        if (size() == 0 || !Files.exists(etag)) {
            return Optional.empty();
        }
        String text = Files.readString(etag).strip();
        return STRONG_ETAG.matcher(text).matches() ? Optional.of(new Resume(size(), text)) : Optional.empty();
    }

    /** Drops what has arrived and notes the ETag of what will; without one there will be no resuming. */
    void restart(Optional<String> newEtag) throws IOException {
        discard();
        if (newEtag.isPresent()) {
            Files.writeString(etag, newEtag.get());
        }
    }

    OutputStream append() throws IOException {
        return Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    boolean matches(Checksum checksum) throws IOException {
        return checksum.matches(part);
    }

    void discard() throws IOException {
        Files.deleteIfExists(part);
        Files.deleteIfExists(etag);
    }

    /** Puts the finished file into its place, whole or not at all, even if the power goes. */
    void finish() throws IOException {
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(etag);
    }
}
