package dev.demotic.runtime;

import dev.demotic.runtime.batch.Batcher;
import dev.demotic.runtime.batch.Request;
import dev.demotic.runtime.cache.KvTable;
import dev.demotic.runtime.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One growing context with its own keys and values.
 *
 * <p>A pass never changes what is committed: {@link #forward} evaluates draft nodes, {@link #accept} commits one path of them
 * and forgets the rest. A pass that throws leaves the sequence as it was, unless it waited for room: what was given back then is read
 * again by the next pass. Used by one thread at a time, best a virtual one:
 * {@code forward} parks it until the batcher has run its rows.
 */
public final class Sequence implements AutoCloseable {
    private final ModelConfig config;
    private final Batcher batcher;
    private final KvTable table;
    private final Outputs outputs;
    private final Request request;
    private final int capacity;
    private final KnownText text;

    private TokenTree tree = new TokenTree();
    private int evaluated;
    /** How many of the evaluated nodes, from the first on, are tokens that went through all layers. */
    private int whole;

    private boolean remembers;
    private boolean closed;

    Sequence(ModelConfig config, Batcher batcher, KvTable table, int capacity) {
        this(config, batcher, table, capacity, new KnownText());
    }

    private Sequence(ModelConfig config, Batcher batcher, KvTable table, int capacity, KnownText text) {
        this.config = config;
        this.batcher = batcher;
        this.table = table;
        this.capacity = capacity;
        this.text = text;
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
     * <p>A growing sequence may have to wait for room here, and then gives back what it holds, so that others come to their end.
     *
     * @throws DemoticException if the context would grow beyond {@link #capacity}, or the model is closed
     * @throws IllegalArgumentException if the pass does not fit the model or what was evaluated before
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public Outputs forward(Pass pass) {
        check(pass);
        makeRoom(pass);
        evaluate(pass);
        tree = pass.tree();
        evaluated = tree.size();
        boolean isWhole = pass.layers() == null && pass.hidden() == null;
        if (!isWhole || whole < pass.first()) {
            whole = Math.min(whole, pass.first());
        } else {
            whole = tree.size();
        }
        return outputs;
    }

    /** Sees at once to room for this many positions and a draft, so that no pass need wait for it; false if there is none now. */
    public boolean reserve(int positions) {
        return table.grow(positions + MemoryNeed.DRAFT_ROOM);
    }

    private void evaluate(Pass pass) {
        table.makeWritable(length() + pass.tree().size());
        outputs.prepare(pass);
        evaluated = pass.first();
        batcher.run(request, pass);
    }

    /** Waits for room if need be: a round begins with enough for all its passes. */
    private void makeRoom(Pass pass) {
        int slots = length() + Math.max(pass.tree().size(), MemoryNeed.DRAFT_ROOM);
        if (table.grow(slots)) {
            return;
        }
        boolean isWithinRound = pass.first() > 0 || pass.hidden() != null;
        if (isWithinRound || text.length() < length()) {
            throw new DemoticException("the KV cache is full; ask again later, or open the model with more KV tokens");
        }
        table.giveBack();
        try {
            table.growInTurn(slots);
            readAgain();
        } finally {
            text.truncate(length());
        }
    }

    /** Restores what was given back: from the prefix cache as far as that still has it. */
    private void readAgain() {
        int held = table.take(text.tokens(), text.length());
        if (held < text.length()) {
            int[] lost = Arrays.copyOfRange(text.tokens(), held, text.length());
            evaluate(Pass.of(lost).withLogits(Pass.Logits.NONE));
            table.accept(IntStream.range(held, text.length()).toArray());
        }
    }

    /**
     * Begins a text with what the prefix cache has of it, the last token excluded, so that its logits are yet to come; and from now
     * on leaves this sequence's text to the cache. The sequence must be empty.
     *
     * @return positions that need not be evaluated any more
     * @throws java.util.concurrent.CancellationException if the thread is interrupted while it waits for room
     */
    public int takeCached(int[] tokens) {
        if (length() > 0) {
            throw new IllegalArgumentException("the sequence has " + length() + " positions already");
        }
        remembers = true;
        int limit = Math.min(tokens.length, capacity) - 1;
        if (!table.grow(limit + MemoryNeed.DRAFT_ROOM)) {
            table.growInTurn(limit + MemoryNeed.DRAFT_ROOM);
        }
        int taken = table.take(tokens, limit);
        text.add(tokens, taken);
        return taken;
    }

    /** Leaves this sequence's text to the prefix cache, for others to begin with. */
    public void remember() {
        remembers = true;
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
        for (int i = 0; i < path.length && isKnown(path[i], length() + i); i++) {
            text.add(tree.token(path[i]));
        }
        table.accept(slots);
        if (remembers) {
            table.remember(text.tokens(), text.length());
        }
        evaluated = 0;
        whole = 0;
    }

    private boolean isKnown(int node, int position) {
        return text.length() == position && node < whole && tree.embedding(node) == null;
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
        whole = 0;
        table.truncate(length);
        text.truncate(length);
    }

    /**
     * A second sequence with the same committed context; their blocks are shared until one of them writes. All that it may need is
     * reserved.
     *
     * @throws DemoticException if the KV cache has no room for another sequence
     */
    public Sequence fork() {
        return with(table.fork());
    }

    /** A {@link #fork}, if the KV cache has room for it. */
    public Optional<Sequence> tryFork() {
        return table.tryFork().map(this::with);
    }

    private Sequence with(KvTable fork) {
        return new Sequence(config, batcher, fork, capacity, text.copy());
    }

    /**
     * Says that no pass follows for a while, so that steps of other sequences do not wait for this one; those that pause at the same
     * time are expected back together.
     */
    public void rest() {
        batcher.rest();
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
