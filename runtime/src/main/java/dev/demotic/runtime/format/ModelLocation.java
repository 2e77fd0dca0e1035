package dev.demotic.runtime.format;

import java.nio.file.Path;

/**
 * Where a model lies and how to open it.
 *
 * @param path the GGUF file or the Hugging Face folder
 */
public record ModelLocation(Path path, Kind kind) {
    /** The kinds of models on disk. */
    public enum Kind {
        GGUF_FILE,
        HUGGING_FACE_FOLDER
    }
}
