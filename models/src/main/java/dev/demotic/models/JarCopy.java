package dev.demotic.models;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/** Copies an entry of a jar below a folder, once: in a folder named by its checksum, so that another version gets another file. */
final class JarCopy {
    private JarCopy() {}

    /** The copy, made if it is not there; a process that finds none makes its own and the last one to finish wins. */
    static Path of(JarURLConnection resource, String name, Path folder) throws IOException {
        resource.setUseCaches(false);
        JarEntry entry = resource.getJarEntry();
        Path copy = folder.resolve("%08x".formatted(entry.getCrc())).resolve(name);
        if (!Files.isRegularFile(copy) || Files.size(copy) != entry.getSize()) {
            Files.createDirectories(copy.getParent());
            Path unfinished = Files.createTempFile(folder, name, ".part");
            try (InputStream in = resource.getInputStream()) {
                CheckedInputStream checked = new CheckedInputStream(in, new CRC32());
                Files.copy(checked, unfinished, StandardCopyOption.REPLACE_EXISTING);
                if (checked.getChecksum().getValue() != entry.getCrc()) {
                    throw new IOException(resource.getJarFileURL() + " is damaged");
                }
                Files.move(unfinished, copy, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(unfinished);
            }
        }
        return copy;
    }
}
