package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What has been pulled of one repository: {@code pulled.json} in its folder. Only complete pulls are ever written into it. */
record Manifest(List<Pull> pulls) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private static final Manifest EMPTY = new Manifest(List.of());

    Manifest {
        pulls = List.copyOf(pulls);
    }

    /**
     * One pull.
     *
     * @param revision what was asked for: a branch, tag or commit
     * @param gguf the GGUF file, or empty for a folder of safetensors
     */
    record Pull(String revision, String commit, Optional<String> gguf, Instant pulledAt, List<PulledFile> files) {
        Pull {
            HubReference.requireRevision(revision);
            SafeName.require(commit);
            gguf.ifPresent(SafeName::require);
            files = List.copyOf(files);
        }

        long bytes() {
            return files.stream().mapToLong(PulledFile::size).sum();
        }

        private Pull at(String otherRevision) {
            return new Pull(otherRevision, commit, gguf, pulledAt, files);
        }

        private boolean replaces(Pull other) {
            return revision.equals(other.revision) && gguf.equals(other.gguf);
        }
    }

    /** A file of a pull; {@code checksum} as in {@link Checksum}. */
    record PulledFile(String name, long size, Optional<String> checksum) {
        PulledFile {
            SafeName.require(name);
        }
    }

    /** Reads a manifest; one that is missing or damaged counts as empty. */
    static Manifest read(Path file) {
        try {
            Manifest manifest = JSON.readValue(Files.readAllBytes(file), Manifest.class);
            return manifest == null ? EMPTY : manifest;
        } catch (IOException | JacksonException | DemoticException e) {
            return EMPTY;
        }
    }

    /** Writes the manifest in one step, so that readers see the old or the new one. */
    void write(Path file) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.write(fresh, JSON.writeValueAsBytes(this));
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** With this pull; the one that it takes the place of keeps its files, and can be named by its commit from now on. */
    Manifest with(Pull pull) {
        List<Pull> all = new ArrayList<>();
        pulls.stream()
                .filter(old -> !pull.replaces(old) || !old.commit().equals(pull.commit()))
                .map(old -> pull.replaces(old) ? old.at(old.commit()) : old)
                .forEach(all::add);
        all.add(pull);
        return new Manifest(all);
    }
}
