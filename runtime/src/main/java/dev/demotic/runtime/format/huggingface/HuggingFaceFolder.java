package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;

/** A model in Hugging Face's layout, read as the GGUF file that it would be converted to. */
public final class HuggingFaceFolder implements ModelSource {
    private final Path path;
    private final Arena arena;
    private final Metadata metadata;
    private final Map<String, Tensor> tensors;

    private HuggingFaceFolder(Path path, Arena arena, Metadata metadata, Map<String, Tensor> tensors) {
        this.path = path;
        this.arena = arena;
        this.metadata = metadata;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /** True if this is a folder that says of itself that it holds a model. */
    public static boolean isOne(Path path) {
        return Files.isRegularFile(path.resolve("config.json"));
    }

    /**
     * Opens a folder with config.json, tokenizer.json and safetensors weights.
     *
     * @throws DemoticException if a file is missing or damaged, or the model is of a kind that Demotic does not run
     */
    @SuppressWarnings("MustBeClosedChecker") // the opened source owns the arena
    public static HuggingFaceFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new DemoticException(folder + (Files.exists(folder) ? " is no folder" : " does not exist")
                    + "; name a folder with config.json, tokenizer.json and model.safetensors");
        }
        ModelConfig config = new ModelConfig(Config.read(folder.resolve("config.json")));
        Arena arena = Arena.ofShared();
        try {
            Metadata metadata = new Metadata();
            config.writeTo(metadata);
            Weights weights = new Weights(folder, Safetensors.inFolder(folder, arena), arena);
            WeightMap.gather(config, weights);
            metadata.put("general.type", "model")
                    .put(
                            "general.name",
                            String.valueOf(folder.toAbsolutePath().normalize().getFileName()))
                    .put("general.file_type", fileType(weights.tensors()));
            TokenizerMetadata.read(folder, config.vocabularySize()).writeTo(metadata);
            return new HuggingFaceFolder(folder, arena, metadata, weights.tensors());
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** llama.cpp's number for a file whose matrices are mostly of the embedding's type. */
    private static long fileType(Map<String, Tensor> tensors) {
        return switch (Objects.requireNonNull(tensors.get("token_embd.weight")).type()) {
            case TensorType.F16 -> 1;
            case TensorType.BF16 -> 32;
            default -> 0;
        };
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Metadata metadata() {
        return metadata;
    }

    @Override
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        arena.close();
    }
}
