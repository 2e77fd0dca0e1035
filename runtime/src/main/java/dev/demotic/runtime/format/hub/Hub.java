package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.hub.Manifest.Pull;
import dev.demotic.runtime.format.hub.Manifest.PulledFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Pulls models from the Hugging Face hub into a local cache, and finds them there again.
 *
 * <p>Safe for use by many threads, and by many processes on the same cache: a file is under its own name only once it is
 * complete and verified, and one process pulls a repository at a time.
 */
public final class Hub {
    private static final String UNREACHABLE =
            "check the network, or set DEMOTIC_OFFLINE=1 to do with the models that are pulled already";

    private final HubSettings settings;
    private final Conditions conditions;

    public Hub(HubSettings settings) {
        this(settings, Conditions.REAL);
    }

    Hub(HubSettings settings, Conditions conditions) {
        this.settings = settings;
        this.conditions = conditions;
    }

    /** The hub and cache that these environment variables name; see {@link HubSettings#of}. */
    public static Hub of(Map<String, String> environment) {
        return new Hub(HubSettings.of(environment));
    }

    /**
     * Pulls a model, or makes sure that it is there: resumes what an earlier pull left, and downloads no file twice.
     *
     * <p>Without a file or quantization tag in the reference, takes the repository's GGUF file in Q4_K_M, else Q8_0, else
     * the only one, else its safetensors with their settings. Offline, answers from the cache.
     *
     * @return the GGUF file, or the Hugging Face folder
     * @throws DemoticException if there is no such model, access is refused, the network or disk fails, or a file arrives
     *     damaged
     */
    public Path pull(HubReference reference, Progress progress) {
        if (settings.offline()) {
            return find(reference)
                    .orElseThrow(() -> new DemoticException(reference
                            + " is not in the cache, and offline mode is on; unset DEMOTIC_OFFLINE and HF_HUB_OFFLINE to"
                            + " pull it"))
                    .path();
        }
        try (HubClient client = new HubClient(settings, conditions, reference)) {
            RepositoryListing listing = new Attempts(
                            "list the files of " + reference, UNREACHABLE, conditions.pause(), progress)
                    .run(client::list);
            Selection selection = Selection.of(reference, listing.files());
            RepositoryFolder folder = RepositoryFolder.of(settings.cache(), reference);
            Files.createDirectories(folder.path());
            try (RepositoryLock _ =
                    RepositoryLock.take(folder.path(), reference.repository(), conditions.pause(), progress)) {
                return pull(reference, client, listing.commit(), selection, folder, progress);
            }
        } catch (IOException e) {
            throw new DemoticException(
                    "cannot write to the model cache " + settings.cache() + ": " + Failures.reason(e)
                            + "; make it writable, or set DEMOTIC_CACHE to another folder",
                    e);
        }
    }

    /**
     * Finds a pulled model, without any network. A reference without a revision means the last pull of {@code main}.
     *
     * @return empty if no complete pull fits
     * @throws DemoticException if several do
     */
    public Optional<PulledModel> find(HubReference reference) {
        RepositoryFolder folder = RepositoryFolder.of(settings.cache(), reference);
        List<Pull> pulls = folder.pulls().stream()
                .filter(pull -> isAt(pull, reference))
                .sorted(Comparator.comparing(Pull::pulledAt).reversed())
                .toList();
        List<String> ggufs =
                pulls.stream().flatMap(pull -> pull.gguf().stream()).distinct().toList();
        Optional<String> gguf = Optional.empty();
        if (!ggufs.isEmpty()) {
            List<String> candidates = GgufChoice.candidates(reference, ggufs);
            if (candidates.size() > 1) {
                throw new DemoticException("of " + reference.repository() + ", " + String.join(" and ", candidates)
                        + " are pulled; name one, as in "
                        + reference.withFile(candidates.stream().findFirst()));
            }
            gguf = candidates.stream().findFirst();
        }
        if (gguf.isEmpty() && reference.file().isPresent()) {
            return Optional.empty();
        }
        Optional<String> wanted = gguf;
        return pulls.stream()
                .filter(pull -> pull.gguf().equals(wanted))
                .findFirst()
                .map(pull -> pulled(folder, pull));
    }

    /** All complete models in the cache, by name. */
    public List<PulledModel> list() {
        try {
            return RepositoryFolder.all(settings.cache()).stream()
                    .flatMap(folder -> folder.pulls().stream().map(pull -> pulled(folder, pull)))
                    .sorted(Comparator.comparing(model -> model.reference().toString()))
                    .toList();
        } catch (IOException e) {
            throw new DemoticException(
                    "cannot read the model cache " + settings.cache() + ": " + Failures.reason(e)
                            + "; make it readable, or set DEMOTIC_CACHE to another folder",
                    e);
        }
    }

    /** The folder that pulled models lie under. */
    public Path cache() {
        return settings.cache();
    }

    private Path pull(
            HubReference reference,
            HubClient client,
            String commit,
            Selection selection,
            RepositoryFolder folder,
            Progress progress)
            throws IOException {
        boolean sized = selection.files().stream().allMatch(file -> file.size() >= 0);
        Tally tally = new Tally(
                progress,
                sized
                        ? selection.files().stream()
                                .mapToLong(RepositoryFile::size)
                                .sum()
                        : -1);
        List<RepositoryFile> missing = new ArrayList<>();
        List<PulledFile> pulled = new ArrayList<>();
        for (RepositoryFile file : selection.files()) {
            Path target = folder.file(commit, file.name());
            Files.createDirectories(target.getParent());
            if (isComplete(file, target)
                    || file.checksum().isPresent()
                            && folder.reuse(file.checksum().get(), target)) {
                pulled.add(pulledFile(file, target, file.checksum()));
                tally.finish(file.name(), Files.size(target));
            } else {
                missing.add(file);
            }
        }
        requireSpace(folder, commit, missing);
        for (RepositoryFile file : missing) {
            Path target = folder.file(commit, file.name());
            Optional<Checksum> checksum = new Download(client, commit, file, target, conditions, tally).run();
            pulled.add(pulledFile(file, target, checksum));
            tally.finish(file.name(), Files.size(target));
        }
        Pull pull = new Pull(reference.revisionOrDefault(), commit, selection.gguf(), Instant.now(), pulled);
        folder.add(pull);
        return folder.model(pull);
    }

    private static PulledFile pulledFile(RepositoryFile file, Path target, Optional<Checksum> checksum)
            throws IOException {
        return new PulledFile(file.name(), Files.size(target), checksum.map(Checksum::hex));
    }

    private static boolean isComplete(RepositoryFile file, Path target) throws IOException {
        return Files.isRegularFile(target) && (file.size() < 0 || Files.size(target) == file.size());
    }

    private void requireSpace(RepositoryFolder folder, String commit, List<RepositoryFile> missing) throws IOException {
        long needed = 0;
        for (RepositoryFile file : missing) {
            needed += Math.max(0, file.size() - new PartialFile(folder.file(commit, file.name())).size());
        }
        long free = conditions.freeSpace().of(folder.path());
        if (needed > free) {
            throw new DemoticException(String.format(
                    Locale.ROOT,
                    "the model needs %.1f GB more, but the disk of %s has %.1f GB free; free some, or set DEMOTIC_CACHE to a"
                            + " folder on another disk",
                    needed / 1e9,
                    settings.cache(),
                    free / 1e9));
        }
    }

    private static boolean isAt(Pull pull, HubReference reference) {
        return pull.revision().equals(reference.revisionOrDefault())
                || reference
                        .revision()
                        .filter(revision ->
                                revision.length() >= 7 && pull.commit().startsWith(revision))
                        .isPresent();
    }

    private static PulledModel pulled(RepositoryFolder folder, Pull pull) {
        HubReference reference = new HubReference(folder.owner(), folder.name(), pull.gguf(), Optional.empty())
                .withRevision(pull.revision());
        return new PulledModel(reference, pull.commit(), folder.model(pull), pull.bytes(), pull.pulledAt());
    }
}
