package dev.demotic.runtime.batch;

import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.TokenTree;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.cache.KvTable;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One sequence's pass on its way through the {@link Batcher}; each sequence reuses its own. */
public final class Request {
    final KvTable table;
    final Outputs outputs;
    Pass pass = Pass.of();
    /** The first node that no step has evaluated yet. */
    int next;

    Thread owner = Thread.currentThread();
    boolean isRunning;
    boolean isCancelled;
    volatile boolean isDone;

    @Nullable Throwable failure;

    public Request(KvTable table, Outputs outputs) {
        this.table = table;
        this.outputs = outputs;
    }

    void begin(Pass of) {
        pass = of;
        next = of.first();
        owner = Thread.currentThread();
        isCancelled = false;
        isDone = false;
        failure = null;
    }

    int remaining() {
        return pass.tree().size() - next;
    }

    /** Whether the pass runs exactly these layers, and so can share a step with others that do. */
    boolean runs(@Nullable BitSet layers) {
        return Objects.equals(pass.layers(), layers);
    }

    /** Adds the rows of the next {@code count} nodes to a step. */
    void addRows(Step step, int count) {
        TokenTree tree = pass.tree();
        int committed = table.length();
        step.addContext(table);
        for (int node = next; node < next + count; node++) {
            int depth = tree.depth(node);
            int position = committed + depth;
            int slot = committed + node;
            if (slot == position) { // a chain so far: every ancestor lies in the slot of its position
                step.addRow(tree.token(node), position, slot, position + 1);
            } else {
                step.addRow(tree.token(node), position, slot, committed);
                int at = step.addAncestors(depth + 1) + depth;
                for (int ancestor = node; ancestor != TokenTree.ROOT; ancestor = tree.parent(ancestor)) {
                    step.ancestors[at--] = committed + ancestor;
                }
            }
        }
    }

    void complete(@Nullable Throwable cause) {
        failure = cause;
        isDone = true;
        java.util.concurrent.locks.LockSupport.unpark(owner);
    }
}
