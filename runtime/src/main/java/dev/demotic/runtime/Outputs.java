package dev.demotic.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What a forward pass puts out: rows of logits and captured hidden states, by node.
 *
 * <p>Rows are views of memory that the sequence reuses: they hold until its next pass. Not safe for use by several threads.
 */
public final class Outputs implements AutoCloseable {
    private final int vocabulary;
    private final int width;
    private final Store logits = new Store();
    private final Store hidden = new Store();

    private int first;
    private int end;
    private int firstLogits;
    private @Nullable BitSet captures;
    private StepTiming step = StepTiming.NONE;

    Outputs(int vocabulary, int width) {
        this.vocabulary = vocabulary;
        this.width = width;
    }

    /** Makes room for the rows of a pass; what was there is gone. */
    void prepare(Pass pass) {
        first = pass.first();
        end = pass.tree().size();
        firstLogits = switch (pass.logits()) {
            case ALL -> first;
            case LAST -> end - 1;
            case NONE -> end;
        };
        captures = pass.captures();
        logits.reserve((end - firstLogits) * 4L * vocabulary);
        int layers = captures == null ? 0 : captures.cardinality();
        hidden.reserve(4L * layers * (end - first) * width);
    }

    /** The last evaluated node: where the text goes on. */
    public int last() {
        return end - 1;
    }

    /**
     * The logits after {@code node}: one float for each token of the vocabulary, in native byte order.
     *
     * @throws IllegalArgumentException if the pass asked for no logits there
     */
    public MemorySegment logits(int node) {
        if (!wantsLogits(node)) {
            throw new IllegalArgumentException("the pass asked for no logits after node " + node);
        }
        return logits.memory.asSlice((node - firstLogits) * 4L * vocabulary, 4L * vocabulary);
    }

    /** The token with the highest logit after {@code node}; the lowest id wins a tie. */
    public int argmax(int node) {
        return VectorMath.argmax(logits(node), vocabulary);
    }

    /**
     * The hidden state of {@code node} after {@code layer}: one float for each unit of the model's width.
     *
     * @throws IllegalArgumentException if the pass did not capture it
     */
    public MemorySegment hidden(int layer, int node) {
        return hidden(layer).asSlice((node - first) * 4L * width, 4L * width);
    }

    /** The hidden states of all evaluated nodes after {@code layer}, a row for each. */
    public MemorySegment hidden(int layer) {
        if (captures == null || !captures.get(layer)) {
            throw new IllegalArgumentException("the pass did not capture layer " + layer);
        }
        long bytes = (end - first) * 4L * width;
        return hidden.memory.asSlice(captures.get(0, layer).cardinality() * bytes, bytes);
    }

    /** The step that put these out; the last one, if the pass took several. */
    public StepTiming step() {
        return step;
    }

    /** For the batcher: what step that was. */
    public void ranIn(StepTiming timing) {
        step = timing;
    }

    /** For the batcher: whether the pass wants logits after this node. */
    public boolean wantsLogits(int node) {
        return node >= firstLogits && node < end;
    }

    /** For the batcher: whether the pass wants the hidden states after this layer. */
    public boolean captures(int layer) {
        return captures != null && captures.get(layer);
    }

    @Override
    public void close() {
        logits.close();
        hidden.close();
    }

    /** Memory that grows with the largest pass so far, by doubling: to give back shared memory stops every thread for a moment. */
    private static final class Store implements AutoCloseable {
        private @Nullable Arena arena;
        private MemorySegment memory = MemorySegment.NULL;

        @SuppressWarnings("MustBeClosedChecker") // close() closes it
        void reserve(long bytes) {
            if (bytes > memory.byteSize()) {
                long doubled = 2 * memory.byteSize();
                close();
                Arena fresh = Arena.ofShared();
                arena = fresh;
                memory = fresh.allocate(Math.max(bytes, doubled), 64);
            }
        }

        @Override
        public void close() {
            if (arena != null) {
                arena.close();
                arena = null;
                memory = MemorySegment.NULL;
            }
        }
    }
}
