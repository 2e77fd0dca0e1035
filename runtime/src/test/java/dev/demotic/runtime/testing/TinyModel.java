package dev.demotic.runtime.testing;

import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A llama with random weights, made in memory: small, yet wide enough for every quantization format. */
public final class TinyModel implements ModelSource {
    public static final int WIDTH = 256;
    public static final int VOCABULARY = 96;
    public static final int CONTEXT = 128;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD = 64;

    private final Arena arena = Arena.ofShared();
    private final Metadata metadata = new Metadata();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final TensorType type;

    /**
     * @param type of the matrices; norms are F32
     * @param layers the seeds of the layers, in order: the same seed gives the same layer
     */
    public TinyModel(TensorType type, int... layers) {
        this(type, VOCABULARY, CONTEXT, layers);
    }

    private TinyModel(TensorType type, int vocabulary, int context, int[] layers) {
        this.type = type;
        metadata.put("general.architecture", "llama")
                .put("llama.block_count", layers.length)
                .put("llama.context_length", context)
                .put("llama.embedding_length", WIDTH)
                .put("llama.feed_forward_length", WIDTH)
                .put("llama.attention.head_count", HEADS)
                .put("llama.attention.head_count_kv", KV_HEADS)
                .put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        Random random = new Random(1);
        matrix("token_embd.weight", vocabulary, 1, random);
        norm("output_norm.weight", random);
        for (int layer = 0; layer < layers.length; layer++) {
            layer("blk." + layer + ".", new Random(layers[layer]));
        }
    }

    /** One with a vocabulary of its own; its metadata lack the tokenizer still. */
    public static TinyModel withVocabulary(int vocabulary, int... layers) {
        return new TinyModel(TensorType.F32, vocabulary, CONTEXT, layers);
    }

    /** One that reads longer texts. */
    public static TinyModel withContext(int context, int... layers) {
        return new TinyModel(TensorType.F32, VOCABULARY, context, layers);
    }

    private void layer(String prefix, Random random) {
        norm(prefix + "attn_norm.weight", random);
        matrix(prefix + "attn_q.weight", HEADS * HEAD, 0.2, random);
        matrix(prefix + "attn_k.weight", KV_HEADS * HEAD, 0.2, random);
        matrix(prefix + "attn_v.weight", KV_HEADS * HEAD, 0.1, random);
        matrix(prefix + "attn_output.weight", WIDTH, 0.1, random);
        norm(prefix + "ffn_norm.weight", random);
        matrix(prefix + "ffn_gate.weight", WIDTH, 0.1, random);
        matrix(prefix + "ffn_up.weight", WIDTH, 0.1, random);
        matrix(prefix + "ffn_down.weight", WIDTH, 0.1, random);
    }

    private void norm(String name, Random random) {
        float[] gains = new float[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            gains[i] = (float) (1 + 0.2 * random.nextGaussian());
        }
        add(name, TensorType.F32, gains, WIDTH);
    }

    private void matrix(String name, int rows, double deviation, Random random) {
        float[] weights = new float[rows * WIDTH];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (deviation * random.nextGaussian());
        }
        add(name, type, weights, WIDTH, rows);
    }

    private void add(String name, TensorType stored, float[] values, long... shape) {
        MemorySegment data = arena.allocate(stored.bytes(values.length), 32);
        stored.quantize(values, 0, data, 0, values.length);
        tensors.put(name, new Tensor(name, stored, shape, data));
    }

    @Override
    public Path path() {
        return Path.of("tiny-" + type);
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
