package dev.demotic.runtime.format;

import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.nio.file.Path;
import java.util.EnumMap;
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

    /** How many bytes of tensor data there are of each type. */
    default Map<TensorType, Long> bytesByType() {
        Map<TensorType, Long> bytes = new EnumMap<>(TensorType.class);
        for (Tensor tensor : tensors().values()) {
            bytes.merge(tensor.type(), tensor.type().bytes(tensor.elements()), Long::sum);
        }
        return bytes;
    }

    /** Unmaps the file; tensors are unusable from then on. */
    @Override
    void close();
}
