package dev.demotic.runtime;

import dev.demotic.runtime.batch.Batcher;
import dev.demotic.runtime.batch.Request;
import dev.demotic.runtime.cache.KvTable;
import dev.demotic.runtime.model.ModelConfig;
import java.lang.foreign.MemorySegment;

/**
 * One growing context with its own keys and values.
 *
 * <p>A pass never changes what is committed: {@link #forward} evaluates draft nodes, {@link #accept} commits one path of them
 * and forgets the rest. A pass that throws leaves the sequence as it was. Used by one thread at a time, best a virtual one:
 * {@code forward} parks it until the batcher has run its rows.
 */
public final class Sequence implements AutoCloseable {
    private final ModelConfig config;
    private final Batcher batcher;
    private final KvTable table;
    private final Outputs outputs;
    private final Request request;
    private final int capacity;

    private TokenTree tree = new TokenTree();
    private int evaluated;
    private boolean closed;

    Sequence(ModelConfig config, Batcher batcher, KvTable table, int capacity) {
        this.config = config;
        this.batcher = batcher;
        this.table = table;
        this.capacity = capacity;
        outputs = new Outputs(config.vocabulary(), config.width());
        request = new Request(table, outputs);
    }

    /** Committed positions. */
    public int length() {
        return table.length();
    }

    /** The most positions that this sequence can hold. */
    public int capacity() {
        return capacity;
    }

    /** Evaluates tokens as a chain after the committed context, with logits for the last. */
    public Outputs forward(int... tokens) {
        return forward(Pass.of(tokens));
    }

    /**
     * Evaluates a pass. The outputs hold until the next pass of this sequence.
     *
     * @throws DemoticException if the context would grow beyond {@link #capacity}, or the model is closed
     * @throws IllegalArgumentException if the pass does not fit the model or what was evaluated before
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public Outputs forward(Pass pass) {
        check(pass);
        table.makeWritable(length() + pass.tree().size());
        outputs.prepare(pass);
        evaluated = pass.first();
        batcher.run(request, pass);
        tree = pass.tree();
        evaluated = tree.size();
        return outputs;
    }

    private void check(Pass pass) {
        TokenTree nodes = pass.tree();
        if (pass.rows() < 1 || pass.first() < 0) {
            throw new IllegalArgumentException("a pass needs at least one node to evaluate");
        }
        if (pass.first() > evaluated) {
            throw new IllegalArgumentException("the pass starts at node " + pass.first() + ", but only the first "
                    + evaluated + " nodes were evaluated before");
        }
        for (int node = pass.first(); node < nodes.size(); node++) {
            check(nodes, node);
        }
        if (length() + nodes.size() > table.capacity()) {
            throw new IllegalArgumentException("a tree of " + nodes.size() + " nodes does not fit beside " + length()
                    + " committed positions; draft less at once");
        }
        if (pass.layers() != null && (pass.layers().isEmpty() || pass.layers().length() > config.layers())) {
            throw new IllegalArgumentException(
                    "the pass runs layers " + pass.layers() + " of a model with " + config.layers());
        }
        if (pass.captures() != null && pass.captures().length() > config.layers()) {
            throw new IllegalArgumentException(
                    "the pass captures layers " + pass.captures() + " of a model with " + config.layers());
        }
        if (pass.hidden() != null) {
            checkRows(pass.hidden(), pass.rows());
        }
    }

    private void check(TokenTree nodes, int node) {
        if (nodes.token(node) < 0 || nodes.token(node) >= config.vocabulary()) {
            throw new IllegalArgumentException(
                    "token " + nodes.token(node) + " is not in the model's vocabulary of " + config.vocabulary());
        }
        if (length() + nodes.depth(node) >= capacity) {
            throw new DemoticException("the text is longer than the context of " + capacity
                    + " tokens; shorten it, or open the model with a longer context");
        }
        MemorySegment embedding = nodes.embedding(node);
        if (embedding != null) {
            checkRows(embedding, 1);
        }
    }

    private void checkRows(MemorySegment states, int rows) {
        if (!batcher.canRead(states)) {
            throw new IllegalArgumentException("hidden states lie in memory of this thread alone; take a shared arena");
        }
        if (states.byteSize() != rows * 4L * config.width()) {
            throw new IllegalArgumentException("hidden states of " + states.byteSize() + " bytes are not " + rows
                    + " rows of " + config.width() + " floats");
        }
    }

    /**
     * Commits a path of evaluated nodes, each the child of the one before and the first a child of the root; all other nodes
     * are forgotten. An empty path forgets them all.
     */
    public void accept(int... path) {
        int parent = TokenTree.ROOT;
        int[] slots = new int[path.length];
        for (int i = 0; i < path.length; i++) {
            if (path[i] >= evaluated || tree.parent(path[i]) != parent) {
                throw new IllegalArgumentException("node " + path[i] + " does not continue a path of evaluated nodes");
            }
            parent = path[i];
            slots[i] = length() + path[i];
        }
        table.accept(slots);
        evaluated = 0;
    }

    /** Commits the path that ends in {@code node}; all other nodes are forgotten. */
    public void acceptPathTo(int node) {
        accept(tree.path(node));
    }

    /** Evaluates tokens as a chain and commits them all. */
    public Outputs append(int... tokens) {
        Outputs result = forward(tokens);
        acceptPathTo(result.last());
        return result;
    }

    /** Forgets committed positions from {@code length} on, and all draft nodes. */
    public void truncate(int length) {
        if (length < 0 || length > length()) {
            throw new IllegalArgumentException("a sequence of " + length() + " cannot be truncated to " + length);
        }
        evaluated = 0;
        table.truncate(length);
    }

    /**
     * A second sequence with the same committed context; their blocks are shared until one of them writes.
     *
     * @throws DemoticException if the KV cache has no room for another sequence
     */
    public Sequence fork() {
        return new Sequence(config, batcher, table.fork(), capacity);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            batcher.leave();
            table.close();
            outputs.close();
        }
    }
}
