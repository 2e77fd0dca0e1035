package dev.demotic.runtime.model;

import java.util.List;
import java.util.stream.IntStream;

/** A family of models: which weights it wants and how its blocks are wired. One implementation a family. */
interface Architecture {
    /** Families by the name in {@code general.architecture}. */
    static Architecture of(String name) {
        return switch (name) {
            case "llama" -> new Llama();
            case "qwen2" -> new Qwen2();
            case "qwen3" -> new Qwen3();
            case "qwen3moe" -> new Qwen3Moe();
            case "gemma2" -> new Gemma2();
            case "gemma3" -> new Gemma3();
            case "phi3" -> new Phi3();
            default ->
                throw new dev.demotic.runtime.DemoticException(
                        "Demotic does not know the architecture '" + name
                                + "'; it runs llama (with Mistral and Mixtral), qwen2, qwen3, qwen3moe, gemma2, gemma3 and phi3");
        };
    }

    Block block(Blueprint model, int layer);

    /** What the embeddings are multiplied with. */
    default float embeddingScale(Blueprint model) {
        return 1;
    }

    default List<Block> blocks(Blueprint model) {
        return IntStream.range(0, model.config().layers())
                .mapToObj(layer -> block(model, layer))
                .toList();
    }
}
