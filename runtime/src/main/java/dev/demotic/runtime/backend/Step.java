package dev.demotic.runtime.backend;

import dev.demotic.runtime.cache.KvTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one step through the model, drawn from any number of sequences.
 *
 * <p>Row r holds a token at {@code position[r]} of its own context, stored in slot {@code slot[r]} of {@code context(r)}.
 * It attends to its positions 0..position: the first {@code linear[r]} of them lie in slots of the same number, the rest
 * (ancestors in a draft tree) in the slots {@code ancestors[ancestorsAt[r]...]}. Reused from step to step.
 */
public final class Step {
    public int rows;
    public final int[] token;
    public final int[] position;
    public final int[] slot;
    public final int[] linear;
    public final int[] ancestorsAt;
    private final int[] contextOf;
    private final List<KvTable> contexts = new ArrayList<>();
    public int[] ancestors = new int[256];

    private int ancestorCount;
    private long number;

    public Step(int capacity) {
        token = new int[capacity];
        position = new int[capacity];
        slot = new int[capacity];
        linear = new int[capacity];
        ancestorsAt = new int[capacity];
        contextOf = new int[capacity];
    }

    public void clear() {
        rows = 0;
        ancestorCount = 0;
        contexts.clear();
        number++;
    }

    /** Tells steps apart that use the same object one after the other. */
    public long number() {
        return number;
    }

    public int capacity() {
        return token.length;
    }

    /** Starts the rows of a sequence. */
    public void addContext(KvTable context) {
        contexts.add(context);
    }

    /** Sequences that have rows in this step. */
    public int contexts() {
        return contexts.size();
    }

    /** The block table of the {@code index}-th sequence. */
    public KvTable context(int index) {
        return contexts.get(index);
    }

    /** Which sequence a row belongs to; rows of a sequence follow each other. */
    public int contextOf(int row) {
        return contextOf[row];
    }

    /** The block that holds a slot of a row's sequence. */
    public int block(int row, int inSlot) {
        return contexts.get(contextOf[row]).block(inSlot);
    }

    /** Entries of {@link #ancestors} in use. */
    public int ancestorCount() {
        return ancestorCount;
    }

    /** Starts a row of the newest context; ancestors outside the linear part follow with {@link #addAncestors}. */
    public void addRow(int tokenId, int atPosition, int inSlot, int linearPositions) {
        int row = rows++;
        token[row] = tokenId;
        position[row] = atPosition;
        slot[row] = inSlot;
        linear[row] = linearPositions;
        ancestorsAt[row] = ancestorCount;
        contextOf[row] = contexts.size() - 1;
    }

    /** Makes room for the slots of the newest row's last {@code count} positions and returns where they go. */
    public int addAncestors(int count) {
        int at = ancestorCount;
        ancestorCount += count;
        if (ancestorCount > ancestors.length) {
            ancestors = Arrays.copyOf(ancestors, Math.max(ancestorCount, 2 * ancestors.length));
        }
        return at;
    }

    /** The slot that holds {@code p} of row {@code row}'s context. */
    public int slotOf(int row, int p) {
        return p < linear[row] ? p : ancestors[ancestorsAt[row] + p - linear[row]];
    }
}
