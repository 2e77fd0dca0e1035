package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.huggingface.HuggingFaceFolder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens whatever holds a model. */
public final class ModelSources {
    private ModelSources() {}

    /**
     * Maps a GGUF file or a Hugging Face folder.
     *
     * @throws DemoticException if it is neither, or damaged
     */
    public static ModelSource open(Path path) {
        return Files.isDirectory(path) ? HuggingFaceFolder.open(path) : GgufFile.open(path);
    }
}
