package dev.demotic.runtime.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelLocation.Kind;
import dev.demotic.runtime.format.hub.Hub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLocatorTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    private Path folder;

    private Path pulled = Path.of("");
    private ModelLocator locator = new ModelLocator(Hub.of(Map.of()));

    @BeforeEach
    void pullOneModel() throws IOException {
        Path cache = folder.resolve("cache");
        Path repository = Files.createDirectories(cache.resolve("models/ada/engine"));
        pulled = Files.writeString(
                Files.createDirectories(repository.resolve(COMMIT)).resolve("a.gguf"), "GGUF");
        Files.writeString(repository.resolve("pulled.json"), """
                {"pulls": [{"revision": "main", "commit": "%s", "gguf": "a.gguf",
                  "pulledAt": "2026-11-23T12:00:00Z", "files": [{"name": "a.gguf", "size": 4, "checksum": null}]}]}
                """.formatted(COMMIT));
        locator = new ModelLocator(Hub.of(Map.of("DEMOTIC_CACHE", cache.toString())));
    }

    @Test
    void locatesAGgufFile() throws IOException {
        Path file = Files.writeString(folder.resolve("x.gguf"), "GGUF");
        assertThat(locator.locate(file.toString())).isEqualTo(new ModelLocation(file, Kind.GGUF_FILE));
    }

    @Test
    void locatesAHuggingFaceFolder() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{}");
        assertThat(locator.locate(folder.toString())).isEqualTo(new ModelLocation(folder, Kind.HUGGING_FACE_FOLDER));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ada/engine", "hf:ada/engine", "ada/engine:a.gguf"})
    void locatesAPulledModel(String name) {
        assertThat(locator.locate(name)).isEqualTo(new ModelLocation(pulled, Kind.GGUF_FILE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ada/other", "hf:ada/other", "ada/engine:Q8_0"})
    void saysHowToGetAModelThatIsNotThere(String name) {
        assertThatThrownBy(() -> locator.locate(name))
                .isInstanceOf(DemoticException.class)
                .hasMessageStartingWith("no model \"" + name + "\" is on disk or among the pulled ones in ")
                .hasMessageContaining("`demotic pull hf:")
                .hasMessageContaining("`demotic list`");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "nowhere",
                "./nowhere/at/all.gguf",
                "/nowhere.gguf",
                "models/missing.gguf",
                "a\0b",
                "hf:nowhere"
            })
    void saysWhatCouldBeGiven(String name) {
        assertThatThrownBy(() -> locator.locate(name))
                .isInstanceOf(DemoticException.class)
                .hasMessage("there is no file or folder \"" + name
                        + "\"; give a GGUF file, a Hugging Face folder, or a pulled model that `demotic list` shows");
    }

    @Test
    void aFolderWithoutConfigIsNoModelButItsFilesMayBe() throws IOException {
        Path other = Files.createDirectories(folder.resolve("other"));
        assertThatThrownBy(() -> locator.locate(other.toString()))
                .isInstanceOf(DemoticException.class)
                .hasMessageEndingWith("holds no config.json, so it is no Hugging Face model; give another folder");
        Path file = Files.writeString(other.resolve("x.gguf"), "GGUF");
        assertThatThrownBy(() -> locator.locate(other.toString()))
                .hasMessageEndingWith("; give one of its files: " + file);
    }

    @Test
    void weightsAloneAreNoModel() throws IOException {
        Path file = Files.writeString(folder.resolve("model.safetensors"), "");
        assertThatThrownBy(() -> locator.locate(file.toString()))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("give the folder that holds it with config.json");
    }
}
