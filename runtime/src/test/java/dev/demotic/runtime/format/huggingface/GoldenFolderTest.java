package dev.demotic.runtime.format.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.demotic.runtime.format.Metadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints that transformers 5 wrote open, and mean the same under a config.json of transformers 4. */
class GoldenFolderTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    Path temporary;

    static List<Path> folders() throws IOException {
        assumeTrue(Files.isDirectory(GOLDEN), "no golden checkpoints here");
        try (Stream<Path> folders = Files.list(GOLDEN)) {
            return folders.filter(HuggingFaceFolder::isOne).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void opens(Path folder) {
        try (HuggingFaceFolder model = HuggingFaceFolder.open(folder)) {
            assertThat(model.tensors())
                    .containsKeys("token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight");
            assertThat(model.tensors().values())
                    .allSatisfy(tensor -> assertThat(tensor.data().byteSize()).isEqualTo(tensor.byteSize()));
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void readsTheOlderConfigAlike(Path folder) throws IOException {
        assumeTrue(Files.exists(folder.resolve("config-legacy.json")));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.copy(file, temporary.resolve(String.valueOf(file.getFileName())));
            }
        }
        Files.move(
                temporary.resolve("config-legacy.json"),
                temporary.resolve("config.json"),
                StandardCopyOption.REPLACE_EXISTING);
        try (HuggingFaceFolder newer = HuggingFaceFolder.open(folder);
                HuggingFaceFolder older = HuggingFaceFolder.open(temporary)) {
            assertThat(texts(older.metadata())).isEqualTo(texts(newer.metadata()));
            assertThat(older.tensors().keySet()).isEqualTo(newer.tensors().keySet());
        }
    }

    private static List<String> texts(Metadata metadata) {
        return metadata.values().entrySet().stream()
                .filter(entry -> !entry.getKey().equals("general.name"))
                .map(entry -> entry.getKey() + " = "
                        + (entry.getValue().value() instanceof boolean[] flags
                                ? Arrays.toString(flags)
                                : entry.getValue().value()))
                .toList();
    }
}
