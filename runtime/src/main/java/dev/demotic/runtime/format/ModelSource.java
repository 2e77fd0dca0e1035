package dev.demotic.runtime.format;

import dev.demotic.runtime.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;

/**
 * A model as it lies on disk, seen as GGUF sees it: metadata under GGUF keys and tensors under GGUF names, memory-mapped.
 *
 * <p>A Hugging Face folder is a GGUF file that has not been written yet: it answers with the same keys, names and shapes,
 * so architectures and tokenizers know one naming only, and converting is copying.
 */
public interface ModelSource extends AutoCloseable {
    /** The file or folder, for messages. */
    Path path();

    Metadata metadata();

    /** All tensors by GGUF name, in file order. */
    Map<String, Tensor> tensors();

    /** Bytes of the tensors that lie in memory of their own, since the file has them in another order; they stay there until the end. */
    default long bytesInMemory() {
        return 0;
    }

    /** Unmaps the file; tensors are unusable from then on. */
    @Override
    void close();
}
