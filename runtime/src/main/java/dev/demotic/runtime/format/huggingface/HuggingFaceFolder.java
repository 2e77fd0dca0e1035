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

/**
 * A model in Hugging Face's layout, read as the GGUF file that it would be converted to.
 *
 * <p>Metadata has the keys of GGUF files in the wild; {@code A} stands for {@code general.architecture}, one of llama (also
 * Mistral and Mixtral), qwen2, qwen3, qwen3moe, gemma2, gemma3 and phi3:
 *
 * <table>
 * <caption>Keys and when they are there</caption>
 * <tr><th>key</th><th>when, and what</th></tr>
 * <tr><td>general.architecture, .type, .name, .file_type</td><td>always; the name is the folder's</td></tr>
 * <tr><td>A.vocab_size, .context_length, .embedding_length, .block_count, .feed_forward_length, .attention.head_count,
 *     .attention.head_count_kv, .attention.key_length, .attention.value_length,
 *     .attention.layer_norm_rms_epsilon</td><td>always</td></tr>
 * <tr><td>A.rope.dimension_count, .rope.freq_base</td><td>always</td></tr>
 * <tr><td>A.rope.freq_base_swa</td><td>gemma3: the base of sliding layers, which are never scaled</td></tr>
 * <tr><td>A.rope.scaling.type, .factor</td><td>linear, yarn; llama3 scaling has no key but the tensor
 *     rope_freqs.weight, which divides the frequencies</td></tr>
 * <tr><td>A.rope.scaling.original_context_length</td><td>yarn, longrope</td></tr>
 * <tr><td>A.rope.scaling.yarn_beta_fast, .yarn_beta_slow</td><td>yarn</td></tr>
 * <tr><td>A.rope.scaling.yarn_attn_factor</td><td>yarn: what sines and cosines are multiplied by, as a whole; where a file
 *     has no such key, 0.1 ln(factor) + 1</td></tr>
 * <tr><td>A.rope.scaling.attn_factor</td><td>longrope: what sines and cosines are multiplied by; the tensors
 *     rope_factors_short.weight (up to the original context) and rope_factors_long.weight divide the
 *     frequencies</td></tr>
 * <tr><td>A.attention.sliding_window</td><td>positions that a sliding layer sees, the current one included; missing, or 0
 *     in phi3, where no layer slides</td></tr>
 * <tr><td>A.attention.sliding_window_pattern</td><td>which layers slide: a number p, all but each p-th; a list of
 *     booleans, those that are true; where a file has no such key, p = 2 in gemma2, 6 in gemma3, else all layers</td></tr>
 * <tr><td>A.attention.scale</td><td>gemma2, gemma3: what query-key products are multiplied by</td></tr>
 * <tr><td>A.attn_logit_softcapping, .final_logit_softcapping</td><td>gemma2, gemma3; 0 for none</td></tr>
 * <tr><td>A.expert_count, .expert_used_count</td><td>Mixtral, qwen3moe</td></tr>
 * <tr><td>A.expert_feed_forward_length</td><td>qwen3moe; Mixtral's experts have feed_forward_length</td></tr>
 * <tr><td>A.expert_weights_norm</td><td>qwen3moe: whether the weights of the chosen experts are scaled to a sum of 1; true
 *     where a file has no such key</td></tr>
 * <tr><td>tokenizer.ggml.model</td><td>gpt2 (byte-level BPE), llama (BPE with byte fallback), t5 (Unigram); no
 *     tokenizer key is there if the folder holds weights alone</td></tr>
 * <tr><td>tokenizer.ggml.pre</td><td>gpt2: if GGUF has a name for the pre-tokenizer; llama and t5: default</td></tr>
 * <tr><td>tokenizer.ggml.tokens, .token_type</td><td>vocab_size of each</td></tr>
 * <tr><td>tokenizer.ggml.merges</td><td>gpt2</td></tr>
 * <tr><td>tokenizer.ggml.scores, .add_space_prefix, .remove_extra_whitespaces</td><td>llama, t5</td></tr>
 * <tr><td>tokenizer.ggml.precompiled_charsmap</td><td>t5: if the tokenizer has one</td></tr>
 * <tr><td>tokenizer.ggml.bos_token_id, .eos_token_id, .unknown_token_id, .padding_token_id</td><td>if there is one</td></tr>
 * <tr><td>tokenizer.ggml.eos_token_ids</td><td>if several tokens end a reply: all of them</td></tr>
 * <tr><td>tokenizer.ggml.add_bos_token, .add_eos_token</td><td>always</td></tr>
 * <tr><td>tokenizer.chat_template</td><td>if there is one; more under tokenizer.chat_template.NAME, the names under
 *     tokenizer.chat_templates</td></tr>
 * <tr><td>tokenizer.huggingface.json</td><td>the text of tokenizer.json</td></tr>
 * </table>
 *
 * <p>Tensors have the names of GGUF files and their conventions: query and key rows of llama models lie in the order that
 * rotates neighbours; Gemma's norms have the one added that its checkpoints leave out, and are F32; experts are stacked
 * into one tensor; qwen3moe layers without experts have ffn_gate, ffn_up and ffn_down instead. Phi-3's fused matrices stay
 * fused: attn_qkv, and ffn_up with the gate's rows first. There is no output.weight where it is the token embedding. All
 * other tensors keep the type that the checkpoint gives them, norms and biases too.
 */
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
            TokenizerMetadata.read(folder, config.vocabularySize()).ifPresent(tokenizer -> tokenizer.writeTo(metadata));
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
    public long bytesInMemory() {
        return tensors.values().stream()
                .filter(tensor -> tensor.bytes() instanceof Made)
                .mapToLong(Tensor::byteSize)
                .sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
