package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;

/**
 * Keeps a drafted token unless the target is too surprised by it: unless -log p(x) exceeds a threshold.
 *
 * <p>The rollback of S. Kim et al., "Speculative Decoding with Big Little Decoder", NeurIPS 2023, arXiv 2302.07863, section 3.3. What is taken
 * back the target draws itself. For greedy text p is the target's distribution at temperature 1, and its most likely token is
 * never taken back. Otherwise p is what it would draw from, so that a token cut off by top-p and the like is never kept. Lossy,
 * save at a threshold of 0, where every token is a draw of the target. For drafts without siblings.
 *
 * @param threshold in nats; 0 keeps what the target would write, and the higher, the more is kept
 */
public record Rollback(double threshold) implements AcceptanceRule {
    public Rollback {
        if (!(threshold >= 0 && threshold < Double.POSITIVE_INFINITY)) {
            throw new DemoticException(
                    "the rollback threshold is " + threshold + " nats, but must be a number of at least 0");
        }
    }

    @Override
    public boolean isLossless() {
        return threshold == 0;
    }

    @Override
    public int next(DraftTree tree, int node, NodeLogits logits, Sampler sampler, Distribution spare) {
        MemorySegment row = logits.after(node);
        int child = tree.firstChild(node);
        if (child == DraftTree.NONE) {
            return sampler.next(row);
        }
        int token = tree.token(child);
        if (sampler.settings().isGreedy()) {
            if (-Math.log(sampler.probability(row, token)) > threshold) {
                return sampler.next(row);
            }
            sampler.history().add(token);
            return token;
        }
        Distribution p = sampler.distribution(row);
        int kept = -Math.log(p.probability(token)) > threshold ? sampler.draw(p) : token;
        sampler.take(kept, p);
        return kept;
    }
}
