package dev.demotic.runtime.model;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Norm;
import dev.demotic.runtime.backend.Projection;
import dev.demotic.runtime.backend.RopeTable;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.backend.Weights;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.format.ModelSource;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A decoder transformer, ready to run: embeddings, blocks and the output layer on a backend.
 *
 * <p>One thread runs steps; the activations of a step lie in buffers that the next step overwrites.
 */
public final class Decoder {
    private final Backend backend;
    private final ModelConfig config;
    private final Weights embeddings;
    private final float embeddingScale;
    private final List<Block> blocks;
    private final List<RopeTable> ropes;
    private final Norm outputNorm;
    private final List<Projection> head;
    private final float logitSoftCap;
    private final Experts experts;

    private final Buffer x;
    private final Buffer normed;
    /** Queries, keys and values. */
    private final List<Buffer> attentionInputs;

    private final Buffer attended;
    /** Gated and raised states of a feed-forward layer. */
    private final List<Buffer> hidden;

    private final Map<Integer, List<Buffer>> narrowed = new HashMap<>();
    private final Buffer delta;
    private final Buffer chosen;
    private final Buffer logits;
    private final List<Buffer> logitsOut;

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
        embeddings = blueprint.embeddings();
        embeddingScale = family.embeddingScale(blueprint);
        blocks = family.blocks(blueprint);
        ropes = blueprint.ropes();
        outputNorm = blueprint.outputNorm();
        head = List.of(blueprint.head());
        logitSoftCap = blueprint.number(
                "final_logit_softcapping", config.architecture().equals("gemma2") ? 30 : 0);

        WorkArea area = WorkArea.of(source, config);
        x = backend.allocate(maxRows, config.width());
        normed = backend.allocate(maxRows, config.width());
        delta = backend.allocate(maxRows, config.width());
        attentionInputs = List.of(
                backend.allocate(maxRows, area.queryWidth()),
                backend.allocate(maxRows, area.keyWidth()),
                backend.allocate(maxRows, area.keyWidth()));
        attended = backend.allocate(maxRows, area.queryWidth());
        hidden = List.of(backend.allocate(maxRows, area.hiddenWidth()), backend.allocate(maxRows, area.hiddenWidth()));
        chosen = backend.allocate(maxLogits, config.width());
        logits = backend.allocate(maxLogits, config.vocabulary());
        logitsOut = List.of(logits);
        experts = new Experts(backend, maxRows, config.width(), area.experts());
    }

    /** @throws dev.demotic.runtime.DemoticException if the source's metadata describe no model that Demotic runs */
    public static ModelConfig configOf(ModelSource source) {
        return Blueprint.config(source);
    }

    public static KvShape kvShape(ModelConfig config, KvType type) {
        return new KvShape(config.layers(), config.kvHeads(), config.headDimension(), type);
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
        Block.Attention attention = block.attention();
        backend.project(x, rows, block.attentionNorm(), attention.inputs(), attentionInputs);
        Norm postNorm = block.postAttentionNorm();
        Buffer sum = beginSum(postNorm, rows);
        backend.addAttention(store, layer, step, attention.heads(), attentionInputs, attended, attention.output(), sum);
        endSum(postNorm, rows);
        feedForward(block, rows);
    }

    private void feedForward(Block block, int rows) {
        Norm norm = block.feedForwardNorm();
        Norm postNorm = block.postFeedForwardNorm();
        Buffer sum = beginSum(postNorm, rows);
        switch (block.feedForward()) {
            case Block.GatedMlp mlp -> addFeedForward(mlp, x, rows, norm, sum);
            case Block.MixtureOfExperts moe -> {
                backend.rmsNorm(x, rows, norm, normed);
                experts.run(moe, normed, rows, sum, this::addFeedForward);
            }
        }
        endSum(postNorm, rows);
    }

    /** Where a layer adds what it computes: x, or, if a norm comes after it, a buffer that is added to x later. */
    private Buffer beginSum(@Nullable Norm postNorm, int rows) {
        if (postNorm == null) {
            return x;
        }
        backend.clear(delta, rows);
        return delta;
    }

    private void endSum(@Nullable Norm postNorm, int rows) {
        if (postNorm != null) {
            backend.rmsNorm(delta, rows, postNorm, delta);
            backend.add(x, delta, rows);
        }
    }

    /** sum += down · (activation(gate · norm(input)) * (up · norm(input))). */
    private void addFeedForward(Block.GatedMlp mlp, Buffer input, int rows, @Nullable Norm norm, Buffer sum) {
        List<Buffer> gatedAndRaised = mlp.hidden() == hidden.getFirst().columns() ? hidden : narrowed(mlp.hidden());
        backend.addGated(mlp.activation(), input, rows, norm, mlp.gateAndUp(), gatedAndRaised, mlp.down(), sum);
    }

    /** The same memory with shorter rows, for layers that are narrower than the widest. */
    private List<Buffer> narrowed(int columns) {
        return narrowed.computeIfAbsent(
                columns,
                width -> hidden.stream().map(buffer -> buffer.narrowed(width)).toList());
    }

    /**
     * Computes the logits after the given rows of the step just run; at most {@link #maxLogits} rows.
     *
     * @param targets where each row's logits go: one float for each token of the vocabulary
     * @throws DemoticException if one of them is no number
     */
    public void logits(int[] rows, int count, MemorySegment[] targets) {
        backend.gather(x, rows, count, chosen);
        backend.project(chosen, count, outputNorm, head, logitsOut);
        if (logitSoftCap != 0) {
            backend.softCap(logits, count, logitSoftCap);
        }
        backend.await();
        if (!backend.read(logits, count, targets)) {
            throw new DemoticException(
                    "the model puts out logits that are no numbers; its weights hold NaN or infinity,"
                            + " so the file is damaged: get it again");
        }
    }
}
