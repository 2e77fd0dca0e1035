package dev.demotic.runtime.model;

import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.format.ModelSource;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoder transformer, ready to run: embeddings, blocks and the output layer on a backend.
 *
 * <p>One thread runs steps; the activations of a step lie in buffers that the next step overwrites.
 */
public final class Decoder {
    private final Backend backend;
    private final ModelConfig config;
    private final float epsilon;
    private final Weights embeddings;
    private final float embeddingScale;
    private final List<Block> blocks;
    private final List<RopeTable> ropes;
    private final Weights outputNorm;
    private final Weights head;
    private final float logitSoftCap;
    private final Experts experts;

    private final Buffer x;
    private final Buffer normed;
    private final Buffer queries;
    private final Buffer keys;
    private final Buffer values;
    private final Buffer attended;
    private final Buffer gate;
    private final Buffer up;
    private final Buffer delta;
    private final Buffer chosen;
    private final Buffer logits;

    /** Sees the hidden states after each layer of a step. */
    @FunctionalInterface
    public interface LayerListener {
        void after(int layer, Buffer hidden);
    }

    /**
     * @param context positions that sequences may have
     * @param maxRows rows of the largest step
     * @param maxLogits rows of the largest call of {@link #logits}
     * @throws dev.demotic.runtime.DemoticException if the source is no complete model of a family that Demotic knows
     */
    public Decoder(ModelSource source, Backend backend, int context, int maxRows, int maxLogits) {
        this.backend = backend;
        Blueprint blueprint = new Blueprint(source, backend, context);
        Architecture family = Architecture.of(blueprint.config().architecture());
        config = blueprint.config();
        epsilon = blueprint.normEpsilon();
        embeddings = blueprint.embeddings();
        embeddingScale = family.embeddingScale(blueprint);
        blocks = family.blocks(blueprint);
        ropes = blueprint.ropes();
        outputNorm = blueprint.outputNorm();
        head = blueprint.head();
        logitSoftCap = blueprint.number(
                "final_logit_softcapping", config.architecture().equals("gemma2") ? 30 : 0);

        WorkArea area = WorkArea.of(source, config);
        x = backend.allocate(maxRows, config.width());
        normed = backend.allocate(maxRows, config.width());
        delta = backend.allocate(maxRows, config.width());
        queries = backend.allocate(maxRows, area.queryWidth());
        attended = backend.allocate(maxRows, area.queryWidth());
        keys = backend.allocate(maxRows, area.keyWidth());
        values = backend.allocate(maxRows, area.keyWidth());
        gate = backend.allocate(maxRows, area.hiddenWidth());
        up = backend.allocate(maxRows, area.hiddenWidth());
        chosen = backend.allocate(maxLogits, config.width());
        logits = backend.allocate(maxLogits, config.vocabulary());
        experts = new Experts(backend, maxRows, config.width(), area.experts());
    }

    /** @throws dev.demotic.runtime.DemoticException if the source's metadata describe no model that Demotic runs */
    public static ModelConfig configOf(ModelSource source) {
        return Blueprint.config(source);
    }

    public static KvShape kvShape(ModelConfig config) {
        return new KvShape(config.layers(), config.kvHeads(), config.headDimension());
    }

    /** Bytes of the buffers that {@link #Decoder} allocates. */
    public static long workBytes(ModelSource source, int maxRows, int maxLogits) {
        return WorkArea.of(source, configOf(source)).bytes(maxRows, maxLogits);
    }

    public ModelConfig config() {
        return config;
    }

    /** The most rows that {@link #logits} takes at once. */
    public int maxLogits() {
        return logits.rows();
    }

    /** Looks up the embeddings of the step's tokens; the result may be overwritten before {@link #run}. */
    public Buffer embed(Step step) {
        backend.embed(embeddings, step, x);
        if (embeddingScale != 1) {
            backend.scale(x, step.rows, embeddingScale);
        }
        return x;
    }

    /**
     * Runs the blocks on the hidden states that {@link #embed} left.
     *
     * @param layers the layers to run, or null for all
     */
    public void run(Step step, KvStore store, @Nullable BitSet layers, LayerListener listener) {
        for (RopeTable rope : ropes) {
            rope.prepare(step);
        }
        for (int layer = 0; layer < blocks.size(); layer++) {
            if (layers == null || layers.get(layer)) {
                run(blocks.get(layer), layer, step, store);
                listener.after(layer, x);
            }
        }
    }

    private void run(Block block, int layer, Step step, KvStore store) {
        int rows = step.rows;
        backend.rmsNorm(x, rows, 1, block.attentionNorm(), epsilon, normed);
        attend(block.attention(), layer, step, store);
        if (block.postAttentionNorm() != null) {
            backend.rmsNorm(delta, rows, 1, block.postAttentionNorm(), epsilon, delta);
        }
        backend.add(x, delta, rows);

        backend.rmsNorm(x, rows, 1, block.feedForwardNorm(), epsilon, normed);
        switch (block.feedForward()) {
            case Block.GatedMlp mlp -> feedForward(mlp, normed, rows, delta);
            case Block.MixtureOfExperts moe -> experts.run(moe, normed, rows, delta, this::feedForward);
        }
        if (block.postFeedForwardNorm() != null) {
            backend.rmsNorm(delta, rows, 1, block.postFeedForwardNorm(), epsilon, delta);
        }
        backend.add(x, delta, rows);
    }

    private void attend(Block.Attention attention, int layer, Step step, KvStore store) {
        int rows = step.rows;
        multiply(attention.query(), normed, rows, queries);
        multiply(attention.key(), normed, rows, keys);
        multiply(attention.value(), normed, rows, values);
        if (attention.queryNorm() != null) {
            backend.rmsNorm(queries, rows, config.heads(), attention.queryNorm(), epsilon, queries);
        }
        if (attention.keyNorm() != null) {
            backend.rmsNorm(keys, rows, config.kvHeads(), attention.keyNorm(), epsilon, keys);
        }
        backend.rotate(queries, rows, config.heads(), attention.rope());
        backend.rotate(keys, rows, config.kvHeads(), attention.rope());
        backend.store(store, layer, step, keys, values);
        backend.attend(store, layer, step, queries, attention.shape(), attended);
        multiply(attention.output(), attended, rows, delta);
    }

    private void multiply(Block.Projection projection, Buffer input, int rows, Buffer out) {
        backend.multiply(projection.weights(), projection.bias(), input, rows, out);
    }

    private void feedForward(Block.GatedMlp mlp, Buffer input, int rows, Buffer out) {
        Buffer gated = narrowed(gate, mlp.gate().rows());
        Buffer raised = narrowed(up, mlp.up().rows());
        backend.multiply(mlp.gate(), null, input, rows, gated);
        backend.multiply(mlp.up(), null, input, rows, raised);
        backend.gate(mlp.activation(), gated, raised, rows);
        backend.multiply(mlp.down(), null, gated, rows, out);
    }

    /** The same memory with shorter rows. */
    private static Buffer narrowed(Buffer buffer, int columns) {
        return columns == buffer.columns() ? buffer : new Buffer(buffer.memory(), buffer.rows(), columns);
    }

    /** The logits after the given rows of the step just run, in that order; at most {@link #maxLogits} rows. */
    public Buffer logits(int[] rows, int count) {
        backend.gather(x, rows, count, chosen);
        backend.rmsNorm(chosen, count, 1, outputNorm, epsilon, chosen);
        backend.multiply(head, null, chosen, count, logits);
        if (logitSoftCap != 0) {
            backend.softCap(logits, count, logitSoftCap);
        }
        backend.await();
        return logits;
    }
}
