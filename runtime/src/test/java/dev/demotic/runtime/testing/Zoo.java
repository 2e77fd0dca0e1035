package dev.demotic.runtime.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tukaani.xz.XZInputStream;

/**
 * Trained models for tests, from the folder that the environment variable {@code DEMOTIC_ZOO} names.
 *
 * <p>That folder holds {@code models/NAME.config.json}, {@code models/NAME.planes.xz.NN}, the tokenizer's files (under
 * {@code NAME/} for a model with a tokenizer of its own), and golden values in {@code check.json}. Tests that ask for it
 * are skipped where the variable is unset.
 */
public final class Zoo {
    private static final String VARIABLE = "DEMOTIC_ZOO";

    private Zoo() {}

    /** The zoo's own folder. */
    public static Path root() {
        String folder = System.getenv(VARIABLE);
        assumeTrue(folder != null && !folder.isEmpty(), VARIABLE + " is unset");
        Path root = Path.of(folder);
        assertThat(root.resolve("models")).as(VARIABLE).isDirectory();
        return root;
    }

    /** A model as a Hugging Face folder, unpacked on first use, for all modules, to {@code target/zoo/NAME} of the project. */
    public static synchronized Path model(String name) {
        Path root = root();
        Path zoo = Path.of("..", "target", "zoo");
        try {
            Files.createDirectories(zoo);
            try (FileChannel channel = FileChannel.open(
                            zoo.resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                assertThat(lock.isValid()).isTrue();
                Path folder = zoo.resolve(name);
                if (!Files.exists(folder.resolve("config.json"))) {
                    unpack(root, name, folder);
                }
                return folder;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void unpack(Path root, String name, Path folder) throws IOException {
        Files.createDirectories(folder);
        Path tokenizer = Files.isDirectory(root.resolve(name)) ? root.resolve(name) : root;
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(tokenizer.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        try (InputStream planes =
                new XZInputStream(new BufferedInputStream(packed(root.resolve("models"), name), 1 << 16))) {
            Files.write(folder.resolve("model.safetensors"), joined(planes));
        }
        // Comes last, since it tells that the folder is complete.
        Files.copy(
                root.resolve("models").resolve(name + ".config.json"),
                folder.resolve("config.json"),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private static InputStream packed(Path models, String name) throws IOException {
        List<Path> parts = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(models, name + ".planes.xz.*")) {
            found.forEach(parts::add);
        }
        assertThat(parts).as("parts of " + name + " in " + models).isNotEmpty();
        Collections.sort(parts);
        List<InputStream> streams = new ArrayList<>();
        for (Path part : parts) {
            streams.add(Files.newInputStream(part));
        }
        return new SequenceInputStream(Collections.enumeration(streams));
    }

    /** Joins an 8-byte length, the file's even bytes, and its odd bytes. */
    private static byte[] joined(InputStream planes) throws IOException {
        long size = ByteBuffer.wrap(planes.readNBytes(Long.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        byte[] file = new byte[Math.toIntExact(size)];
        for (int parity = 0; parity < 2; parity++) {
            byte[] plane = planes.readNBytes((file.length + 1) / 2);
            for (int i = 0; 2 * i + parity < file.length; i++) {
                file[2 * i + parity] = plane[i];
            }
        }
        return file;
    }
}
