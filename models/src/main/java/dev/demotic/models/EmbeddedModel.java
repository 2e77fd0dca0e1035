package dev.demotic.models;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The models that come with Demotic, as files that can be mapped.
 *
 * <p>Files that lie in a folder are used where they are. Files inside a jar are copied once to the cache folder, into one
 * that tells their checksum; any number of processes may do so at once. The system property {@code demotic.models} names a
 * folder to look in first.
 */
public final class EmbeddedModel {
    static final String FOLDER_PROPERTY = "demotic.models";

    private static final String DEFAULT = "demotic-medium-q8_0.gguf";
    private static final String DRAFT = "demotic-small-q8_0.gguf";

    private EmbeddedModel() {}

    /**
     * The default model, with its copy, if one is needed, in {@code DEMOTIC_CACHE}, {@code $XDG_CACHE_HOME/demotic} or
     * {@code ~/.cache/demotic}.
     *
     * @throws IOException if the cache folder cannot be written
     */
    public static Path path() throws IOException {
        return path(defaultCache());
    }

    /** {@link #path()} with another cache folder. */
    public static Path path(Path cache) throws IOException {
        return file(DEFAULT, cache);
    }

    /** A smaller model of the same vocabulary, to draft for the default one. */
    public static Path draftPath() throws IOException {
        return draftPath(defaultCache());
    }

    /** {@link #draftPath()} with another cache folder. */
    public static Path draftPath(Path cache) throws IOException {
        return file(DRAFT, cache);
    }

    private static Path defaultCache() {
        return Stream.of("DEMOTIC_CACHE", "XDG_CACHE_HOME")
                .filter(name -> !System.getenv().getOrDefault(name, "").isBlank())
                .map(name -> Path.of(System.getenv(name)).resolve(name.startsWith("XDG") ? "demotic" : ""))
                .findFirst()
                .orElse(Path.of(System.getProperty("user.home", "."), ".cache", "demotic"))
                .toAbsolutePath();
    }

    static Path file(String name, Path cache) throws IOException {
        String folder = System.getProperty(FOLDER_PROPERTY);
        if (folder != null && Files.exists(Path.of(folder, name))) {
            return Path.of(folder, name);
        }
        URL resource = EmbeddedModel.class.getResource(name);
        if (resource == null) {
            throw new FileNotFoundException("this build of Demotic comes without " + name);
        }
        return located(resource, name, cache);
    }

    static Path located(URL resource, String name, Path cache) throws IOException {
        if (resource.openConnection() instanceof JarURLConnection jar) {
            return JarCopy.of(jar, name, cache.resolve("embedded"));
        }
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException e) {
            throw new IOException(resource + " is no file", e);
        }
    }
}
