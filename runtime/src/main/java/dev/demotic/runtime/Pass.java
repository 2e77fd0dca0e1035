package dev.demotic.runtime;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What to evaluate in one forward pass.
 *
 * <p>A pass evaluates the nodes of {@code tree} from {@code first} on; the nodes before it were evaluated by earlier passes
 * of the same round and serve as context. A pass that names {@code hidden} rows skips the embedding and resumes from them,
 * which with {@link #layers} gives early exit, layer skipping and self-speculation their split passes.
 *
 * @param tree the tokens
 * @param first the first node to evaluate
 * @param layers the layers to run in ascending order, or null for all
 * @param hidden states to start from instead of the tokens' embeddings: one row of the model's width for each evaluated
 *     node, or null
 * @param logits which evaluated nodes want logits
 * @param captures the layers after which hidden states are kept; null for none
 */
public record Pass(
        TokenTree tree,
        int first,
        @Nullable BitSet layers,
        @Nullable MemorySegment hidden,
        Logits logits,
        @Nullable BitSet captures) {

    /** Which of the evaluated nodes get logits. */
    public enum Logits {
        NONE,
        LAST,
        ALL
    }

    /** Evaluates the whole tree through all layers, with logits for every node. */
    public static Pass of(TokenTree tree) {
        return new Pass(tree, 0, null, null, Logits.ALL, null);
    }

    /** Evaluates a chain of tokens through all layers, with logits for the last: a prompt, or a single step. */
    public static Pass of(int... tokens) {
        return of(TokenTree.chain(tokens)).withLogits(Logits.LAST);
    }

    /** Evaluates only the nodes from {@code node} on; those before it are pending from earlier passes. */
    public Pass from(int node) {
        return new Pass(tree, node, layers, hidden, logits, captures);
    }

    public Pass withLogits(Logits wanted) {
        return new Pass(tree, first, layers, hidden, wanted, captures);
    }

    /** Runs only these layers. */
    public Pass withLayers(BitSet subset) {
        return new Pass(tree, first, (BitSet) subset.clone(), hidden, logits, captures);
    }

    /** Runs layers {@code from} (included) to {@code to} (excluded). */
    public Pass withLayers(int from, int to) {
        BitSet range = new BitSet(to);
        range.set(from, to);
        return new Pass(tree, first, range, hidden, logits, captures);
    }

    /** Starts from captured hidden states instead of embeddings: a row of floats for each evaluated node. */
    public Pass resumingFrom(MemorySegment states) {
        return new Pass(tree, first, layers, states, logits, captures);
    }

    /** Keeps the hidden states after these layers. */
    public Pass capturing(int... afterLayers) {
        BitSet set = new BitSet();
        for (int layer : afterLayers) {
            set.set(layer);
        }
        return new Pass(tree, first, layers, hidden, logits, set);
    }

    /** Number of nodes that this pass evaluates. */
    public int rows() {
        return tree.size() - first;
    }
}
