package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;

/**
 * One token after the other, as long as the draft length's policy goes on: a draw from each distribution, or its argmax.
 *
 * @param least ends the chain where the draft model gives no token this probability, before it draws one there; 0 for never
 * @param draws whether tokens are drawn; else each is the most likely, whatever the temperature, and a point mass
 */
public record Chain(double least, boolean draws) implements TreeShape {
    public Chain {
        if (!(least >= 0 && least <= 1)) {
            throw new DemoticException(
                    "a chain ends where no token has a probability of " + least + ", but that must be from 0 to 1");
        }
    }

    /** One of draws. */
    public Chain(double least) {
        this(least, true);
    }

    /** One of draws that never ends by itself. */
    public Chain() {
        this(0);
    }

    @Override
    public void grow(DraftTree tree, Predictor predictor, Drafter.Context context) {
        grow(tree, DraftTree.ROOT, predictor, context);
    }

    /** Goes on below the last node of a chain, which is the last token that the predictor has caught up with. */
    void grow(DraftTree tree, int last, Predictor predictor, Drafter.Context context) {
        Sampler sampler = context.sampler();
        int node = last;
        while (true) {
            // In a chain, the n-th node below the last one is candidate n - 1 of the predictor.
            int candidate = node - last - 1;
            MemorySegment logits = predictor.after(candidate);
            if (isUnsure(logits, sampler)) {
                return;
            }
            MemorySegment hidden = predictor.hidden(candidate);
            int token = draw(tree, node, logits, sampler);
            node = tree.add(node, token);
            boolean goesOn = tree.mayGrow(node)
                    && context.length().goesOn(new DraftStep(tree.depth(node), token, logits, hidden));
            if (!goesOn) {
                return;
            }
            sampler.history().add(token);
            predictor.candidates().add(token, candidate);
            if (!predictor.evaluate()) {
                return;
            }
        }
    }

    private boolean isUnsure(MemorySegment logits, Sampler sampler) {
        if (least == 0) {
            return false;
        }
        Distribution best = new Distribution();
        sampler.mostLikely(logits, 1, best);
        return best.weight(0) < least;
    }

    private int draw(DraftTree tree, int node, MemorySegment logits, Sampler sampler) {
        if (!draws || sampler.settings().isGreedy()) {
            return sampler.mostLikely(logits);
        }
        Distribution q = tree.draw(node, Drawing.WITHOUT_REPLACEMENT);
        sampler.distribution(logits, q);
        return sampler.draw(q);
    }
}
