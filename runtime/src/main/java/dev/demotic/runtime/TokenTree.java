package dev.demotic.runtime;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Tokens to evaluate, as a tree: every node continues its parent's path, and a chain is the common case.
 *
 * <p>Nodes are numbered in the order in which they are added, so a parent always has a lower number than its children.
 * A tree may grow between passes: nodes that an earlier pass evaluated stay valid until the sequence accepts a path.
 * Not safe for use by several threads.
 */
public final class TokenTree {
    /** The parent of nodes that continue the committed context directly. */
    public static final int ROOT = -1;

    private int size;
    private int[] tokens;
    private int[] parents;
    private int[] depths;
    private MemorySegment @Nullable [] embeddings;

    /** An empty tree. */
    public TokenTree() {
        this(16);
    }

    private TokenTree(int room) {
        tokens = new int[room];
        parents = new int[room];
        depths = new int[room];
    }

    /** A tree in which each token follows the one before it. */
    public static TokenTree chain(int... tokens) {
        return new TokenTree(Math.max(1, tokens.length)).addChain(ROOT, tokens);
    }

    /**
     * Adds a node for {@code token} below {@code parent} (a node, or {@link #ROOT}).
     *
     * @return the number of the new node
     */
    public int add(int token, int parent) {
        if (parent < ROOT || parent >= size) {
            throw new IllegalArgumentException("node " + size + " names parent " + parent + ", which does not exist");
        }
        if (size == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * size);
            parents = Arrays.copyOf(parents, 2 * size);
            depths = Arrays.copyOf(depths, 2 * size);
        }
        tokens[size] = token;
        parents[size] = parent;
        depths[size] = parent == ROOT ? 0 : depths[parent] + 1;
        return size++;
    }

    /**
     * Adds a node whose input is an embedding row instead of a token.
     *
     * @param row one float for each unit of the model's width, read when the pass runs
     * @return the number of the new node
     */
    public int addEmbedding(MemorySegment row, int parent) {
        int node = add(0, parent);
        MemorySegment[] rows = embeddings == null ? new MemorySegment[tokens.length] : embeddings;
        if (rows.length < size) {
            rows = Arrays.copyOf(rows, tokens.length);
        }
        rows[node] = row;
        embeddings = rows;
        return node;
    }

    /** Adds tokens one below the other, the first below {@code parent}. */
    public TokenTree addChain(int parent, int... chain) {
        int node = parent;
        for (int token : chain) {
            node = add(token, node);
        }
        return this;
    }

    /** Empties the tree, keeping its storage for the next round. */
    public void clear() {
        size = 0;
        embeddings = null;
    }

    public int size() {
        return size;
    }

    /** The token of a node; 0 where the node is an embedding row. */
    public int token(int node) {
        return tokens[check(node)];
    }

    public int parent(int node) {
        return parents[check(node)];
    }

    /** Edges between the node and the committed context: 0 for children of {@link #ROOT}. */
    public int depth(int node) {
        return depths[check(node)];
    }

    /** The embedding row of a node, or null where it is a token. */
    public @Nullable MemorySegment embedding(int node) {
        check(node);
        return embeddings == null || node >= embeddings.length ? null : embeddings[node];
    }

    /** The nodes from the tree's top to {@code node}, both included. */
    public int[] path(int node) {
        int[] path = new int[depth(node) + 1];
        for (int i = path.length - 1, n = node; i >= 0; i--, n = parents[n]) {
            path[i] = n;
        }
        return path;
    }

    private int check(int node) {
        if (node < 0 || node >= size) {
            throw new IndexOutOfBoundsException("node " + node + " of a tree of " + size);
        }
        return node;
    }
}
