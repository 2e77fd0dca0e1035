package dev.demotic.runtime.model;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.backend.Activation;
import dev.demotic.runtime.backend.AttentionShape;
import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a family builds its blocks from: a model's numbers and weights, checked as they are asked for.
 *
 * <p>A weight that is missing or has another shape than the numbers say ends in a {@link DemoticException} that names it.
 */
final class Blueprint {
    private final ModelSource source;
    private final Backend backend;
    private final ModelConfig config;
    private final RopeFrequencies frequencies;
    private final Map<List<Object>, RopeTable> ropes = new HashMap<>();

    /** @param context positions that the model is opened for, which LongRoPE depends on */
    Blueprint(ModelSource source, Backend backend, int context) {
        this.source = source;
        this.backend = backend;
        config = config(source);
        frequencies = new RopeFrequencies(source, config, context);
    }

    static ModelConfig config(ModelSource source) {
        Metadata metadata = source.metadata();
        String arch = metadata.string("general.architecture");
        Architecture.of(arch);
        int width = positive(metadata, arch + ".embedding_length");
        int heads = positive(metadata, arch + ".attention.head_count");
        int kvHeads = metadata.has(arch + ".attention.head_count_kv")
                ? positive(metadata, arch + ".attention.head_count_kv")
                : heads;
        int headDimension = metadata.integer(arch + ".attention.key_length", width / heads);
        if (heads % kvHeads != 0
                || headDimension < 1
                || metadata.integer(arch + ".attention.value_length", headDimension) != headDimension) {
            throw new DemoticException(
                    "%s has %d query heads, %d key heads and key heads of %d floats, which Demotic cannot run; convert the model again"
                            .formatted(source.path(), heads, kvHeads, headDimension));
        }
        Tensor embeddings = source.tensors().get("token_embd.weight");
        return new ModelConfig(
                arch,
                metadata.findString("general.name")
                        .orElse(String.valueOf(source.path().getFileName())),
                positive(metadata, arch + ".block_count"),
                width,
                heads,
                kvHeads,
                headDimension,
                embeddings == null ? 0 : Math.toIntExact(embeddings.rows()),
                positive(metadata, arch + ".context_length"));
    }

    private static int positive(Metadata metadata, String key) {
        int value = metadata.integer(key);
        if (value < 1) {
            throw new DemoticException("metadata key " + key + " is " + value + ", but must be at least 1");
        }
        return value;
    }

    ModelConfig config() {
        return config;
    }

    /** A number under the architecture's prefix. */
    int integer(String key) {
        return source.metadata().integer(prefixed(key));
    }

    float number(String key, float otherwise) {
        return source.metadata().number(prefixed(key), otherwise);
    }

    boolean flag(String key, boolean otherwise) {
        return source.metadata().flag(prefixed(key), otherwise);
    }

    private float normEpsilon() {
        return source.metadata().number(prefixed("attention.layer_norm_rms_epsilon"));
    }

    private String prefixed(String key) {
        return config.architecture() + "." + key;
    }

    AttentionShape attention(int window) {
        return attention(window, (float) (1 / Math.sqrt(config.headDimension())), 0);
    }

    AttentionShape attention(int window, float scale, float softCap) {
        return new AttentionShape(config.heads(), config.kvHeads(), config.headDimension(), window, scale, softCap);
    }

    /** The sliding window of a layer, as the file says; 0 for none. */
    int window(int layer) {
        return alternatingWindow(layer, 1, 0);
    }

    /**
     * The sliding window of a layer in a family where one of {@code period} layers, the last, sees all.
     *
     * @param period what holds where the file names no pattern; 1 if all layers have the window
     * @param otherwise the window where the file names none
     */
    int alternatingWindow(int layer, int period, int otherwise) {
        Metadata metadata = source.metadata();
        int window = metadata.integer(prefixed("attention.sliding_window"), otherwise);
        String key = prefixed("attention.sliding_window_pattern");
        Metadata.Value pattern = metadata.values().get(key);
        if (pattern != null && pattern.value() instanceof boolean[] sliding) {
            return layer < sliding.length && sliding[layer] ? window : 0;
        }
        int every = metadata.integer(key, period);
        return every > 1 && (layer + 1) % every == 0 ? 0 : window;
    }

    /** The rotary embedding that the file describes, with its scaling. */
    RopeTable rope(boolean interleaved) {
        return ropes.computeIfAbsent(List.of(interleaved), _ -> frequencies.scaled(interleaved));
    }

    /** A rotary embedding of half-split pairs without scaling. */
    RopeTable plainRope(float base) {
        return ropes.computeIfAbsent(List.of(base), _ -> frequencies.plain(base));
    }

    /** All rotary tables that blocks asked for. */
    List<RopeTable> ropes() {
        return new ArrayList<>(ropes.values());
    }

    Layer layer(int number) {
        return new Layer("blk." + number + ".");
    }

    Weights embeddings() {
        return matrix("token_embd.weight", config.vocabulary(), config.width());
    }

    Norm outputNorm() {
        return new Norm(vector("output_norm.weight", config.width()), normEpsilon());
    }

    /** The output layer; the embeddings again where they are tied. */
    Projection head() {
        String name = source.tensors().containsKey("output.weight") ? "output.weight" : "token_embd.weight";
        return new Projection(matrix(name, config.vocabulary(), config.width()), null);
    }

    private Weights matrix(String name, int rows, int columns) {
        return backend.load(shaped(name, columns, rows));
    }

    private Weights vector(String name, int length) {
        return backend.load(shaped(name, length));
    }

    private Tensor shaped(String name, long... shape) {
        Tensor tensor = source.tensors().get(name);
        if (tensor == null) {
            throw new DemoticException(source.path() + " lacks the tensor " + name + "; the file is incomplete, or no "
                    + config.architecture() + " model");
        }
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new DemoticException(
                    "%s: tensor %s has shape %s where the model's numbers ask for %s; convert it again"
                            .formatted(source.path(), name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
        }
        return tensor;
    }

    /** Weights of one block, by their names in it. */
    final class Layer {
        private final String prefix;

        private Layer(String prefix) {
            this.prefix = prefix;
        }

        Norm norm(String name) {
            return new Norm(vector(prefix + name + ".weight", config.width()), normEpsilon());
        }

        Norm headNorm(String name) {
            return new Norm(vector(prefix + name + ".weight", config.headDimension()), normEpsilon());
        }

        Weights matrix(String name, int rows, int columns) {
            return Blueprint.this.matrix(prefix + name + ".weight", rows, columns);
        }

        Projection query() {
            return projection("attn_q", config.heads() * config.headDimension(), config.width());
        }

        Projection key() {
            return projection("attn_k", config.kvHeads() * config.headDimension(), config.width());
        }

        Projection value() {
            return projection("attn_v", config.kvHeads() * config.headDimension(), config.width());
        }

        Projection attentionOutput() {
            return projection("attn_output", config.width(), config.heads() * config.headDimension());
        }

        Block.GatedMlp gatedMlp(Activation activation) {
            int hidden = integer("feed_forward_length");
            return new Block.GatedMlp(
                    activation,
                    matrix("ffn_gate", hidden, config.width()),
                    matrix("ffn_up", hidden, config.width()),
                    matrix("ffn_down", config.width(), hidden));
        }

        /**
         * Experts where the layer has them, else a plain gated MLP.
         *
         * @param normalized whether the chosen experts' weights are scaled to sum to one
         */
        Block.FeedForward feedForward(Activation activation, boolean normalized) {
            return source.tensors().containsKey(prefix + "ffn_gate_inp.weight")
                    ? experts(activation, normalized)
                    : gatedMlp(activation);
        }

        private Block.MixtureOfExperts experts(Activation activation, boolean normalized) {
            int count = integer("expert_count");
            int hidden =
                    source.metadata().integer(prefixed("expert_feed_forward_length"), integer("feed_forward_length"));
            int used = integer("expert_used_count");
            if (used < 1 || used > count) {
                throw new DemoticException("%s uses %d of %d experts, which cannot be; convert the model again"
                        .formatted(source.path(), used, count));
            }
            List<Tensor> gates = expertsOf("ffn_gate_exps", count, config.width(), hidden);
            List<Tensor> ups = expertsOf("ffn_up_exps", count, config.width(), hidden);
            List<Tensor> downs = expertsOf("ffn_down_exps", count, hidden, config.width());
            List<Block.GatedMlp> experts = new ArrayList<>(count);
            for (int e = 0; e < count; e++) {
                experts.add(new Block.GatedMlp(
                        activation, backend.load(gates.get(e)), backend.load(ups.get(e)), backend.load(downs.get(e))));
            }
            Projection router = new Projection(matrix("ffn_gate_inp", count, config.width()), null);
            return new Block.MixtureOfExperts(List.of(router), experts, used, normalized);
        }

        private List<Tensor> expertsOf(String name, int count, int columns, int rows) {
            Tensor stacked = shaped(prefix + name + ".weight", columns, rows, count);
            List<Tensor> experts = new ArrayList<>(count);
            for (int e = 0; e < count; e++) {
                experts.add(rowsOf(stacked, (long) e * rows, rows));
            }
            return experts;
        }

        Fused fused(String name, int rows) {
            Tensor bias = source.tensors().get(prefix + name + ".bias");
            return new Fused(
                    shaped(prefix + name + ".weight", config.width(), rows),
                    bias == null ? null : shaped(prefix + name + ".bias", rows));
        }

        private Projection projection(String name, int rows, int columns) {
            String bias = prefix + name + ".bias";
            return new Projection(
                    matrix(name, rows, columns), source.tensors().containsKey(bias) ? vector(bias, rows) : null);
        }
    }

    /** Several projections that one matrix holds, one below the other. */
    final class Fused {
        private final Tensor weights;
        private final @Nullable Tensor bias;

        private Fused(Tensor weights, @Nullable Tensor bias) {
            this.weights = weights;
            this.bias = bias;
        }

        Projection part(int from, int rows) {
            return new Projection(
                    backend.load(rowsOf(weights, from, rows)),
                    bias == null ? null : backend.load(elementsOf(bias, from, rows)));
        }
    }

    private static Tensor rowsOf(Tensor tensor, long from, int rows) {
        long row = tensor.type().bytes(tensor.columns());
        return new Tensor(
                tensor.name(),
                tensor.type(),
                new long[] {tensor.columns(), rows},
                tensor.data().asSlice(from * row, rows * row));
    }

    private static Tensor elementsOf(Tensor vector, int from, int count) {
        return new Tensor(
                vector.name(),
                vector.type(),
                new long[] {count},
                vector.data().asSlice(vector.type().bytes(from), vector.type().bytes(count)));
    }
}
