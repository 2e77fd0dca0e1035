package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.format.hub.Manifest.Pull;
import dev.demotic.runtime.format.hub.Manifest.PulledFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the cache holds of one repository.
 *
 * <pre>
 * models/owner/name/pulled.json      what has been pulled, complete
 * models/owner/name/&lt;commit&gt;/         the files of that commit, under their own names
 * models/owner/name/.lock            held while pulling
 * </pre>
 *
 * A file under its own name is complete and verified; what is still arriving ends in {@code .part}.
 */
record RepositoryFolder(Path cache, String owner, String name) {
    private static final String MODELS = "models";
    private static final String MANIFEST = "pulled.json";

    static RepositoryFolder of(Path cache, HubReference reference) {
        return new RepositoryFolder(cache, reference.owner(), reference.name());
    }

    /** All repositories that something was pulled of, by name. */
    static List<RepositoryFolder> all(Path cache) throws IOException {
        List<RepositoryFolder> all = new ArrayList<>();
        for (String owner : children(cache.resolve(MODELS))) {
            for (String name : children(cache.resolve(MODELS, owner))) {
                RepositoryFolder folder = new RepositoryFolder(cache, owner, name);
                if (HubReference.isReference(owner + "/" + name) && Files.exists(folder.manifest())) {
                    all.add(folder);
                }
            }
        }
        return all;
    }

    Path path() {
        return cache.resolve(MODELS, owner, name);
    }

    Path file(String commit, String name) {
        return SafeName.resolve(path().resolve(commit), name);
    }

    /** The GGUF file or the folder that was pulled. */
    Path model(Pull pull) {
        return pull.gguf().map(name -> file(pull.commit(), name)).orElse(path().resolve(pull.commit()));
    }

    /** The pulls whose files are all still there. */
    List<Pull> pulls() {
        return Manifest.read(manifest()).pulls().stream()
                .filter(pull -> pull.files().stream().allMatch(file -> isPresent(pull, file)))
                .toList();
    }

    /** Notes a complete pull; the lock is held. */
    void add(Pull pull) throws IOException {
        Manifest.read(manifest()).with(pull).write(manifest());
    }

    /** Puts a file with the same content from another commit into place, if there is one; most commits change few files. */
    boolean reuse(Checksum checksum, Path target) throws IOException {
        for (Pull pull : pulls()) {
            for (PulledFile file : pull.files()) {
                if (file.checksum().equals(Optional.of(checksum.hex()))) {
                    link(file(pull.commit(), file.name()), target);
                    return true;
                }
            }
        }
        return false;
    }

    private static void link(Path file, Path target) throws IOException {
        Files.deleteIfExists(target);
        try {
            Files.createLink(target, file);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            Path copy = target.resolveSibling(target.getFileName() + ".part");
            Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            Files.move(copy, target, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private boolean isPresent(Pull pull, PulledFile file) {
        try {
            return Files.size(file(pull.commit(), file.name())) == file.size();
        } catch (IOException e) {
            return false;
        }
    }

    private Path manifest() {
        return path().resolve(MANIFEST);
    }

    private static List<String> children(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }
}
