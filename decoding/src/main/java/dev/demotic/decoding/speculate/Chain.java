package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;

/**
 * One token after the other, as long as the draft length's policy goes on: a draw from each distribution, or its argmax.
 *
 * @param least ends the chain where the draft model gives no token this probability, before it draws one there; 0 for never
 */
public record Chain(double least) implements TreeShape {
    public Chain {
        if (!(least >= 0 && least <= 1)) {
            throw new DemoticException(
                    "a chain ends where no token has a probability of " + least + ", but that must be from 0 to 1");
        }
    }

    /** One that never ends by itself. */
    public Chain() {
        this(0);
    }

    @Override
    public void grow(DraftTree tree, Predictor predictor, Drafter.Context context) {
        Sampler sampler = context.sampler();
        int node = DraftTree.ROOT;
        while (true) {
            // In a chain, node n of the tree is candidate n - 1 of the predictor.
            MemorySegment logits = predictor.after(node - 1);
            if (isUnsure(logits, sampler)) {
                return;
            }
            MemorySegment hidden = predictor.hidden(node - 1);
            int token = draw(tree, node, logits, sampler);
            node = tree.add(node, token);
            boolean goesOn = tree.mayGrow(node)
                    && context.length().goesOn(new DraftStep(tree.depth(node), token, logits, hidden));
            if (!goesOn) {
                return;
            }
            sampler.history().add(token);
            predictor.candidates().add(token, node - 2);
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

    private static int draw(DraftTree tree, int node, MemorySegment logits, Sampler sampler) {
        if (sampler.settings().isGreedy()) {
            return sampler.mostLikely(logits);
        }
        Distribution q = tree.draw(node, Drawing.WITHOUT_REPLACEMENT);
        sampler.distribution(logits, q);
        return sampler.draw(q);
    }
}
