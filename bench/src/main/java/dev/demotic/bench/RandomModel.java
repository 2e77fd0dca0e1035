package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A llama of random weights, made in memory: it says nothing sensible, in the time that a trained model of its shape takes.
 *
 * <p>A matrix is made when it is first asked for, from pieces of a small stock of weights.
 */
public final class RandomModel implements ModelSource {
    private static final int STOCK = 1 << 18;

    private final Arena arena = Arena.ofShared();
    private final Metadata metadata = new Metadata();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final ModelShape shape;
    private final TensorType type;
    private final MemorySegment stock;
    private final Random random = new Random(1);

    /**
     * @param type of the matrices; norms are F32
     * @throws DemoticException if the rows of such matrices are no whole number of the type's blocks
     */
    public RandomModel(ModelShape shape, TensorType type) {
        if (shape.width() % type.blockElements() != 0 || shape.hidden() % type.blockElements() != 0) {
            throw new DemoticException(
                    "rows of %s do not fill blocks of %s; take another --type".formatted(shape.name(), type));
        }
        this.shape = shape;
        this.type = type;
        stock = stock(type);
        metadata.put("general.architecture", "llama")
                .put("llama.block_count", shape.layers())
                .put("llama.context_length", shape.context())
                .put("llama.embedding_length", shape.width())
                .put("llama.feed_forward_length", shape.hidden())
                .put("llama.attention.head_count", shape.heads())
                .put("llama.attention.head_count_kv", shape.kvHeads())
                .put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        matrix("token_embd.weight", shape.width(), shape.vocabulary());
        norm("output_norm.weight");
        matrix("output.weight", shape.width(), shape.vocabulary());
        for (int layer = 0; layer < shape.layers(); layer++) {
            layer("blk." + layer + ".");
        }
    }

    private void layer(String prefix) {
        int keys = shape.width() / shape.heads() * shape.kvHeads();
        norm(prefix + "attn_norm.weight");
        matrix(prefix + "attn_q.weight", shape.width(), shape.width());
        matrix(prefix + "attn_k.weight", shape.width(), keys);
        matrix(prefix + "attn_v.weight", shape.width(), keys);
        matrix(prefix + "attn_output.weight", shape.width(), shape.width());
        norm(prefix + "ffn_norm.weight");
        matrix(prefix + "ffn_gate.weight", shape.width(), shape.hidden());
        matrix(prefix + "ffn_up.weight", shape.width(), shape.hidden());
        matrix(prefix + "ffn_down.weight", shape.hidden(), shape.width());
    }

    private void norm(String name) {
        MemorySegment ones = arena.allocate(TensorType.F32.bytes(shape.width()), Float.BYTES);
        float[] gains = new float[shape.width()];
        Arrays.fill(gains, 1);
        TensorType.F32.quantize(gains, 0, ones, 0, gains.length);
        tensors.put(name, new Tensor(name, TensorType.F32, new long[] {gains.length}, ones));
    }

    private void matrix(String name, int columns, int rows) {
        tensors.put(name, new Tensor(name, type, new long[] {columns, rows}, new Matrix((long) columns * rows)));
    }

    private static MemorySegment stock(TensorType type) {
        Random gaussian = new Random(2);
        float[] values = new float[STOCK];
        for (int i = 0; i < STOCK; i++) {
            values[i] = (float) (0.02 * gaussian.nextGaussian());
        }
        MemorySegment stock = MemorySegment.ofArray(new byte[(int) type.bytes(STOCK)]);
        type.quantize(values, 0, stock, 0, STOCK);
        return stock;
    }

    /** A matrix's memory, which holds nothing before it is wanted: a model too large is refused before. */
    private final class Matrix implements Supplier<MemorySegment> {
        private final long bytes;
        private @Nullable MemorySegment made;

        Matrix(long elements) {
            bytes = type.bytes(elements);
        }

        @Override
        public synchronized MemorySegment get() {
            MemorySegment memory = made;
            if (memory == null) {
                memory = arena.allocate(bytes, 64);
                fill(memory);
                made = memory;
            }
            return memory;
        }
    }

    private void fill(MemorySegment memory) {
        int blocks = STOCK / type.blockElements();
        for (long at = 0; at < memory.byteSize(); ) {
            long from = (long) random.nextInt(blocks) * type.blockBytes();
            long count = Math.min(stock.byteSize() - from, memory.byteSize() - at);
            MemorySegment.copy(stock, from, memory, at, count);
            at += count;
        }
    }

    @Override
    public Path path() {
        return Path.of("random " + shape.name() + " " + type);
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
        return tensors.values().stream().mapToLong(Tensor::byteSize).sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
