package dev.demotic.cli;

import dev.demotic.models.EmbeddedModel;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelLocator;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.runtime.format.hub.Hub;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which model a command is about. */
final class ModelOption {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description =
                    "A GGUF file, a Hugging Face folder, or the name of a pulled model; without it, the model that comes"
                            + " with Demotic.")
    private Optional<String> model = Optional.empty();

    /** Names the model, as commands do that take it as their argument. */
    void name(String name) {
        model = Optional.of(name);
    }

    /** What the user named. */
    Optional<String> name() {
        return model;
    }

    /** Whether the user named one. */
    boolean isNamed() {
        return model.isPresent();
    }

    /** The model's file or folder. */
    Path path(Console console) {
        Hub hub = Hub.of(console.environment());
        return model.map(name -> locate(console, name)).orElseGet(() -> embedded(EmbeddedModel::path, hub));
    }

    /** The file or folder of a model by its name. */
    Path locate(Console console, String name) {
        return new ModelLocator(Hub.of(console.environment())).locate(name).path();
    }

    /** The model that drafts for the one that comes with Demotic, if that is the one in use. */
    Optional<Path> embeddedDraft(Console console) {
        return model.isPresent()
                ? Optional.empty()
                : Optional.of(embedded(EmbeddedModel::draftPath, Hub.of(console.environment())));
    }

    /** The model, mapped. */
    ModelSource open(Console console) {
        return ModelSources.open(path(console));
    }

    /** Where a model that comes with Demotic lies, given the cache folder. */
    private interface Located {
        Path in(Path cache) throws IOException;
    }

    private static Path embedded(Located file, Hub hub) {
        try {
            return file.in(hub.cache());
        } catch (IOException e) {
            throw new DemoticException(
                    "the embedded model cannot be used (" + e.getMessage() + "); name another one with --model", e);
        }
    }
}
