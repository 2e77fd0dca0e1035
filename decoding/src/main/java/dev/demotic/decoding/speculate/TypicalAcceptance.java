package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;

/**
 * Accepts what is likely enough, whatever it was drawn from: p(x) &gt; min(epsilon, delta · exp(-H(p))), H the entropy of p in nats.
 *
 * <p>T. Cai et al., "Medusa", ICML 2024, arXiv 2401.10774, section 2.3.1. The longest accepted path wins, of several the more likely; at
 * its end the token is drawn from p. Lossy.
 *
 * @param epsilon the highest bar
 * @param delta scales the bar of flat distributions
 */
public record TypicalAcceptance(double epsilon, double delta) implements AcceptanceRule {
    public TypicalAcceptance {
        if (!(epsilon > 0 && epsilon <= 1 && delta > 0 && delta <= 1)) {
            throw new DemoticException(
                    "typical acceptance has epsilon %s and delta %s, but both must be above 0 and at most 1"
                            .formatted(epsilon, delta));
        }
    }

    /** Medusa's settings for generation. */
    public TypicalAcceptance() {
        this(0.09, 0.3);
    }

    @Override
    public boolean isLossless() {
        return false;
    }

    @Override
    public int next(DraftTree tree, int node, NodeLogits logits, Sampler sampler, Distribution spare) {
        if (sampler.settings().isGreedy()) {
            return sampler.next(logits.after(node));
        }
        Path best = best(tree, node, logits, sampler);
        if (best.first() == DraftTree.NONE) {
            return sampler.next(logits.after(node));
        }
        int token = tree.token(best.first());
        sampler.take(token, sampler.distribution(logits.after(node)));
        return token;
    }

    /** An accepted path below a node: its first child, how many tokens it has, and their log probability. */
    private record Path(int first, int length, double logProbability) {
        private static final Path EMPTY = new Path(DraftTree.NONE, 0, 0);

        private boolean beats(Path other) {
            return length > other.length || (length == other.length && logProbability > other.logProbability);
        }
    }

    private Path best(DraftTree tree, int node, NodeLogits logits, Sampler sampler) {
        Path best = Path.EMPTY;
        Distribution p = new Distribution();
        sampler.distribution(logits.after(node), p);
        double bar = Math.min(epsilon, delta * Math.exp(-p.entropy()));
        int context = sampler.history().size();
        for (int child = tree.firstChild(node); child != DraftTree.NONE; child = tree.nextSibling(child)) {
            double probability = p.probability(tree.token(child));
            if (probability > bar) {
                sampler.history().add(tree.token(child));
                Path rest = best(tree, child, logits, sampler);
                sampler.history().truncate(context);
                Path path = new Path(child, 1 + rest.length, Math.log(probability) + rest.logProbability);
                best = path.beats(best) ? path : best;
            }
        }
        return best;
    }
}
