package dev.demotic.decoding.speculate;

import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.TokenTree;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The proposal of one round: a tree of tokens below the pending one, which was emitted last and is not in the KV cache yet.
 *
 * <p>The pending token is node 0, the {@link #ROOT}. Siblings keep the order in which they were added, which must be that in
 * which they were drawn; how they were drawn is a mark of their parent. The tree knows its room: it refuses nodes that the
 * context, the wanted length or a stop token leaves no place for, whichever token they hold, so that a refusal tells nothing
 * of the draw. Reused from round to round. Not safe for use by several threads.
 */
public final class DraftTree {
    /** The pending token. */
    public static final int ROOT = 0;
    /** No such node. */
    public static final int NONE = -1;

    private final TokenTree nodes = new TokenTree();
    private int maxDepth;
    private int maxNodes;
    private IntPredicate ends = _ -> false;

    private int[] firstChild = {};
    private int[] lastChild = {};
    private int[] nextSibling = {};
    private Drawing[] drawings = {};
    private Distribution[] drafts = {};

    /**
     * Starts a round.
     *
     * @param pending the last emitted token
     * @param depth the most tokens that a path may have below the root
     * @param size the most nodes, the root included
     * @param stops tokens that nothing can follow
     */
    public void begin(int pending, int depth, int size, IntPredicate stops) {
        nodes.clear();
        maxDepth = depth;
        maxNodes = Math.max(1, size);
        ends = stops;
        append(pending, TokenTree.ROOT);
    }

    /**
     * Moves on along a chain: a drafted token that came true is the pending one now, and what is below it stays proposed.
     *
     * @param node of a chain, the token emitted last
     */
    void advance(int node) {
        int[] chain = IntStream.range(node, size()).map(this::token).toArray();
        begin(chain[0], maxDepth - depth(node), maxNodes, ends);
        for (int i = 0; i < chain.length; i++) {
            if (i > 0) {
                append(chain[i], i - 1);
            }
            drawings[i] = drawings[node + i];
            Distribution moved = drafts[node + i];
            drafts[node + i] = drafts[i];
            drafts[i] = moved;
        }
    }

    /** From now on a path may have so many tokens below the root. */
    void limit(int depth) {
        maxDepth = depth;
    }

    /**
     * Adds a child. One that repeats a point mass is that sibling.
     *
     * @param parent a node, or {@link #NONE}, which has no children
     * @return its node, or {@link #NONE} if there is no room for it
     */
    public int add(int parent, int token) {
        if (parent == NONE || !mayGrow(parent)) {
            return NONE;
        }
        int twin = drawings[parent] == Drawing.POINT_MASS ? child(parent, token) : NONE;
        return twin != NONE ? twin : append(token, parent);
    }

    /** Adds tokens one below the other, as far as there is room. */
    public void addChain(int parent, int... tokens) {
        int node = parent;
        for (int token : tokens) {
            node = add(node, token);
        }
    }

    private int append(int token, int parent) {
        int node = nodes.add(token, parent);
        reserve(node + 1);
        firstChild[node] = NONE;
        lastChild[node] = NONE;
        nextSibling[node] = NONE;
        drawings[node] = Drawing.POINT_MASS;
        if (parent != TokenTree.ROOT) {
            if (firstChild[parent] == NONE) {
                firstChild[parent] = node;
            } else {
                nextSibling[lastChild[parent]] = node;
            }
            lastChild[parent] = node;
        }
        return node;
    }

    private void reserve(int size) {
        if (size > firstChild.length) {
            int length = Math.max(16, 2 * size);
            firstChild = Arrays.copyOf(firstChild, length);
            lastChild = Arrays.copyOf(lastChild, length);
            nextSibling = Arrays.copyOf(nextSibling, length);
            drawings = Arrays.copyOf(drawings, length);
            int known = drafts.length;
            drafts = Arrays.copyOf(drafts, length);
            for (int node = known; node < length; node++) {
                drafts[node] = new Distribution();
            }
        }
    }

    /**
     * Marks how the children of a node are drawn; without a mark they are point masses.
     *
     * @return the node's draft distribution, to be filled with what they are drawn from
     */
    public Distribution draw(int node, Drawing how) {
        drawings[node] = how;
        return drafts[node];
    }

    /** Whether a child of this node would find room. */
    public boolean mayGrow(int node) {
        return nodes.size() < maxNodes && nodes.depth(node) < maxDepth && !ends.test(nodes.token(node));
    }

    /** The most tokens that a path may have below the root. */
    public int maxDepth() {
        return maxDepth;
    }

    /** The tokens for the target's pass, with the same node numbers. */
    public TokenTree nodes() {
        return nodes;
    }

    /** Number of nodes, the root included. */
    public int size() {
        return nodes.size();
    }

    public int token(int node) {
        return nodes.token(node);
    }

    public int parent(int node) {
        return nodes.parent(node);
    }

    /** Edges between the node and the root. */
    public int depth(int node) {
        return nodes.depth(node);
    }

    /** How the children of a node were drawn. */
    public Drawing drawing(int node) {
        return drawings[node];
    }

    /** What the children of a node were drawn from; unset for point masses. Rules may use it up when they test the node. */
    public Distribution draft(int node) {
        return drafts[node];
    }

    /** The child drawn first, or {@link #NONE}. */
    public int firstChild(int node) {
        return firstChild[node];
    }

    /** The child of the same parent that was drawn next, or {@link #NONE}. */
    public int nextSibling(int node) {
        return nextSibling[node];
    }

    /** The first child that holds this token, or {@link #NONE}. */
    public int child(int node, int token) {
        int child = firstChild[node];
        while (child != NONE && nodes.token(child) != token) {
            child = nextSibling[child];
        }
        return child;
    }

    /**
     * What became of the draft.
     *
     * @param end how many of its nodes, from the first on, were there to be accepted
     * @param last the node after which the last token was emitted
     * @param emitted that token; where a child holds it, it was drafted too
     * @param logits of the target's pass
     * @param drafter by name
     * @param draftSeconds spent on drafting
     * @param verifySeconds spent in the target's pass
     */
    DraftRound outcome(
            int end,
            int last,
            int emitted,
            NodeLogits logits,
            String drafter,
            double draftSeconds,
            double verifySeconds) {
        int drafted = child(last, emitted);
        BitSet taken = new BitSet();
        for (int node = drafted == NONE ? last : drafted; node != ROOT; node = parent(node)) {
            taken.set(node);
        }
        IntStream path = taken.stream().filter(node -> node != drafted).map(this::token);
        int[] tokens = IntStream.concat(path, IntStream.of(emitted)).toArray();
        int[] rejected = IntStream.range(1, end)
                .filter(node -> !taken.get(node))
                .map(this::token)
                .toArray();
        List<DraftRound.Node> tree = IntStream.range(1, end)
                .mapToObj(node -> new DraftRound.Node(
                        parent(node) - 1, token(node), fate(node, taken), probability(node, logits)))
                .toList();
        return new DraftRound(
                tokens,
                taken.cardinality(),
                rejected,
                tree,
                tree.isEmpty() ? "" : drafter,
                draftSeconds,
                verifySeconds);
    }

    private DraftRound.Fate fate(int node, BitSet taken) {
        if (taken.get(node)) {
            return DraftRound.Fate.ACCEPTED;
        }
        boolean isTested = parent(node) == ROOT || taken.get(parent(node));
        return isTested ? DraftRound.Fate.REJECTED : DraftRound.Fate.UNTESTED;
    }

    private double probability(int node, NodeLogits logits) {
        return Math.exp(
                TokenLogprobs.of(logits.after(parent(node)), token(node), 0).logprob());
    }
}
