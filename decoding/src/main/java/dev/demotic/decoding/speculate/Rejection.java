package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;

/**
 * Tests the children of a node one after the other, in the order in which they were drawn.
 *
 * <p>With target p, draft q, residual r = p and proposal s = q, child x is accepted with probability min(1, r(x) / s(x)); on
 * rejection r becomes norm(max(0, r - s)), and if no child is left, the token is drawn from r. How the children were drawn
 * says what s is:
 *
 * <ul>
 *   <li>a single draw: speculative sampling (Leviathan et al., 2023, arXiv 2211.17192; Chen et al., 2023, arXiv 2302.01318);
 *   <li>with replacement: s stays q (SpecInfer, Miao et al., 2024, arXiv 2305.09781);
 *   <li>without replacement: s loses x and is renormalised (recursive rejection, Jeon et al., 2024, arXiv 2402.14160);
 *   <li>point masses: s is all on x, which is accepted with r(x) and else taken out of r. A draw from p that follows the child it
 *       hits does the same with one random number, the one that plain decoding would use; so that is how it is done.
 * </ul>
 *
 * <p>Lenience l below 1 (Leviathan et al., appendix A.5) puts l · s in the place of s: more is accepted, and no token becomes more
 * than 1 / l times as likely as it should be. That is lossy.
 *
 * @param lenience above 0 and at most 1, where the rule is exact
 */
public record Rejection(double lenience) implements AcceptanceRule {
    public Rejection {
        if (!(lenience > 0 && lenience <= 1)) {
            throw new DemoticException("lenience is " + lenience + ", but must be above 0 and at most 1");
        }
    }

    /** The exact rule. */
    public Rejection() {
        this(1);
    }

    @Override
    public boolean isLossless() {
        return lenience == 1;
    }

    @Override
    public int next(DraftTree tree, int node, NodeLogits logits, Sampler sampler, Distribution spare) {
        boolean isPoint = tree.drawing(node) == Drawing.POINT_MASS;
        if (sampler.settings().isGreedy() || tree.firstChild(node) == DraftTree.NONE || (isPoint && isLossless())) {
            return sampler.next(logits.after(node));
        }
        Distribution p = sampler.distribution(logits.after(node));
        int token = test(tree, node, p, spare, sampler);
        sampler.take(token, p);
        return token;
    }

    private int test(DraftTree tree, int node, Distribution p, Distribution spare, Sampler sampler) {
        Distribution r = p;
        Distribution s = tree.draft(node);
        for (int child = tree.firstChild(node); child != DraftTree.NONE; child = tree.nextSibling(child)) {
            int x = tree.token(child);
            double proposed = tree.drawing(node) == Drawing.POINT_MASS ? 1 : s.probability(x);
            if (sampler.uniform() * lenience * proposed < r.probability(x)) {
                return x;
            }
            if (r == p) {
                spare.copy(p);
                r = spare;
            }
            // What is left may be nothing but rounding; then the token is drawn from the last residual that was
            // something.
            boolean goesOn = switch (tree.drawing(node)) {
                case POINT_MASS -> r.remove(x);
                case WITH_REPLACEMENT -> r.subtract(s, lenience);
                case WITHOUT_REPLACEMENT -> r.subtract(s, lenience) && s.remove(x);
            };
            if (!goesOn) {
                break;
            }
        }
        return sampler.draw(r);
    }
}
