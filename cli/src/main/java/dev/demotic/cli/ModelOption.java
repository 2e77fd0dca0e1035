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

    /** Whether the user named one. */
    boolean isNamed() {
        return model.isPresent();
    }

    /** The model's file or folder. */
    Path path(Console console) {
        Hub hub = Hub.of(console.environment());
        return model.map(name -> new ModelLocator(hub).locate(name).path()).orElseGet(() -> embedded(hub));
    }

    /** The model, mapped. */
    ModelSource open(Console console) {
        return ModelSources.open(path(console));
    }

    private static Path embedded(Hub hub) {
        try {
            return EmbeddedModel.path(hub.cache());
        } catch (IOException e) {
            throw new DemoticException(
                    "the embedded model cannot be used (" + e.getMessage() + "); name another one with --model", e);
        }
    }
}
