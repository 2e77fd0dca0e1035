package dev.demotic.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedModelTest {
    private static final String NAME = "dummy.gguf";

    @TempDir
    Path folder;

    @Test
    void usesAFileOfAFolderInPlace() throws IOException {
        Path file = Files.write(folder.resolve(NAME), content(1));

        assertThat(EmbeddedModel.located(file.toUri().toURL(), NAME, folder.resolve("cache")))
                .isEqualTo(file);
        assertThat(folder.resolve("cache")).doesNotExist();
    }

    @Test
    void copiesAFileOfAJarOnce() throws IOException {
        URL resource = jarWith(content(2));
        Path cache = folder.resolve("cache");

        Path first = EmbeddedModel.located(resource, NAME, cache);
        FileTime made = Files.getLastModifiedTime(first);

        assertThat(first).hasBinaryContent(content(2));
        assertThat(EmbeddedModel.located(resource, NAME, cache)).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(first)).isEqualTo(made);
        assertThat(filesBelow(cache)).containsExactly(first);
    }

    @Test
    void copiesAgainWhatWasCutShort() throws IOException {
        URL resource = jarWith(content(3));
        Path copy = EmbeddedModel.located(resource, NAME, folder);
        Files.write(copy, new byte[10]);

        assertThat(EmbeddedModel.located(resource, NAME, folder)).hasBinaryContent(content(3));
    }

    @Test
    void anotherVersionGetsAnotherFile() throws IOException {
        Path first = EmbeddedModel.located(jarWith(content(4)), NAME, folder);
        Path second = EmbeddedModel.located(jarWith(content(5)), NAME, folder);

        assertThat(second).isNotEqualTo(first).hasBinaryContent(content(5));
        assertThat(first).hasBinaryContent(content(4));
    }

    @Test
    void manyMayCopyAtOnce() throws Exception {
        URL resource = jarWith(content(6));
        Path cache = folder.resolve("cache");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Path> copying = () -> EmbeddedModel.located(resource, NAME, cache);
            for (Future<Path> copy : threads.invokeAll(List.of(copying, copying, copying, copying))) {
                assertThat(copy.get()).hasBinaryContent(content(6));
            }
        }
        assertThat(filesBelow(cache)).hasSize(1);
    }

    @Test
    void saysWhatIsMissing() {
        assertThatThrownBy(() -> EmbeddedModel.file("absent.gguf", folder))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessage("this build of Demotic comes without absent.gguf");
    }

    private URL jarWith(byte[] content) throws IOException {
        Path jar = Files.createTempFile(folder, "models", ".jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new JarEntry("models/" + NAME));
            out.write(content);
        }
        return URI.create("jar:" + jar.toUri() + "!/models/" + NAME).toURL();
    }

    private static byte[] content(int seed) {
        byte[] bytes = new byte[100_000];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static List<Path> filesBelow(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
