package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The model families that Demotic loads, with what their Hugging Face configuration classes assume for fields that
 * config.json leaves out (transformers 5.17).
 *
 * <p>A default of 0 means: derived from others (key-value heads from heads, head width from hidden size and heads), or
 * without (sliding window).
 */
enum Family {
    LLAMA("llama", "llama", "Llama", 32000, 4096, 11008, 32, 32, 0, 0, 2048, 1e-6, 10_000, false, 0),
    MISTRAL("mistral", "llama", "Mistral", 32000, 4096, 14336, 32, 32, 8, 0, 131072, 1e-6, 10_000, false, 4096),
    MIXTRAL("mixtral", "llama", "Mixtral", 32000, 4096, 14336, 32, 32, 8, 0, 131072, 1e-5, 1_000_000, false, 0),
    QWEN2("qwen2", "qwen2", "Qwen2", 151936, 4096, 22016, 32, 32, 32, 0, 32768, 1e-6, 10_000, false, 4096),
    QWEN3("qwen3", "qwen3", "Qwen3", 151936, 4096, 22016, 32, 32, 32, 128, 32768, 1e-6, 10_000, false, 4096),
    QWEN3_MOE("qwen3_moe", "qwen3moe", "Qwen3Moe", 151936, 2048, 6144, 24, 32, 4, 0, 32768, 1e-6, 10_000, false, 4096),
    GEMMA2("gemma2", "gemma2", "Gemma2", 256000, 2304, 9216, 26, 8, 4, 256, 8192, 1e-6, 10_000, true, 4096),
    GEMMA3("gemma3_text", "gemma3", "Gemma3", 262208, 2304, 9216, 26, 8, 4, 256, 131072, 1e-6, 1_000_000, true, 4096),
    PHI3("phi3", "phi3", "Phi3", 32064, 3072, 8192, 32, 32, 0, 0, 4096, 1e-5, 10_000, false, 0);

    /** {@code model_type} in config.json. */
    final String modelType;
    /** {@code general.architecture} in GGUF. */
    final String architecture;
    /** How the names of the family's classes start, in {@code architectures} of config.json. */
    final String className;

    final int vocabularySize;
    final int hiddenSize;
    final int intermediateSize;
    final int layers;
    final int heads;
    final int keyValueHeads;
    final int headWidth;
    final int contextLength;
    final double normEpsilon;
    final double ropeBase;
    final boolean tiedEmbeddings;
    final int slidingWindow;

    Family(
            String modelType,
            String architecture,
            String className,
            int vocabularySize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            int keyValueHeads,
            int headWidth,
            int contextLength,
            double normEpsilon,
            double ropeBase,
            boolean tiedEmbeddings,
            int slidingWindow) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.className = className;
        this.vocabularySize = vocabularySize;
        this.hiddenSize = hiddenSize;
        this.intermediateSize = intermediateSize;
        this.layers = layers;
        this.heads = heads;
        this.keyValueHeads = keyValueHeads;
        this.headWidth = headWidth;
        this.contextLength = contextLength;
        this.normEpsilon = normEpsilon;
        this.ropeBase = ropeBase;
        this.tiedEmbeddings = tiedEmbeddings;
        this.slidingWindow = slidingWindow;
    }

    boolean isGemma() {
        return this == GEMMA2 || this == GEMMA3;
    }

    boolean hasExperts() {
        return this == MIXTRAL || this == QWEN3_MOE;
    }

    /** The family of a config.json, by {@code model_type} and, in old files without it, by {@code architectures}. */
    static Family of(Config config) {
        String className = config.node("architectures").path(0).asString("");
        if (!className.isEmpty() && !className.matches(".*(ForCausalLM|ForConditionalGeneration|LMHeadModel|Model)")) {
            throw new DemoticException(config.file() + " describes a " + className
                    + ", which predicts no text; Demotic loads language models (...ForCausalLM)");
        }
        String modelType = config.string("model_type").orElse("");
        return Arrays.stream(values())
                .filter(family -> modelType.isEmpty()
                        ? className.matches(family.className + "(For.*|Model)")
                        : modelType.equals(family.modelType) || (family == GEMMA3 && modelType.equals("gemma3")))
                .findFirst()
                .orElseThrow(() -> new DemoticException(config.file() + " describes a model of type "
                        + (modelType.isEmpty() ? className.isEmpty() ? "unknown" : className : modelType)
                        + ", which Demotic does not run; it runs "
                        + Arrays.stream(values())
                                .map(family -> family.modelType)
                                .collect(Collectors.joining(", "))));
    }
}
