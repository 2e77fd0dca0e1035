package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;

/**
 * Stops drafting when a rejection becomes likely.
 *
 * <p>K. Huang, X. Guo, M. Wang, "SpecDec++: Boosting Speculative Decoding via Adaptive Candidate Lengths", COLM 2025, arXiv 2405.19715. The
 * best policy, seen as a Markov decision process, stops as soon as the probability that at least one drafted token is rejected
 * exceeds a threshold, which is at or above c2 / (c1 + c2), c1 being the time of a draft step and c2 that of a target
 * pass. Whether to go on hangs on tokens that were drawn and are kept, so the text stays exact. Drafters that work token by token
 * ask; others draft to the limit.
 */
public final class SpecDecPlusPlus implements DraftLength {
    private final AcceptanceEstimator estimator;
    private final double threshold;
    private final int most;
    /** The chance that all of the draft is accepted. */
    private double survives = 1;
    /** Tokens of the draft that the estimator has seen. */
    private int judged;

    /**
     * Sets the rule.
     *
     * @param estimator says how likely a token is to be accepted: a trained head, or {@link #calibrated}'s
     * @param threshold from 0, which drafts one token, to 1, which never stops
     * @param most the most tokens of a draft
     */
    public SpecDecPlusPlus(AcceptanceEstimator estimator, double threshold, int most) {
        if (!(threshold >= 0 && threshold <= 1) || most < 1) {
            throw new DemoticException(
                    "drafts of at most %d tokens that stop at a probability of %s are none; take at least one, and a probability from 0 to 1"
                            .formatted(most, threshold));
        }
        this.estimator = estimator;
        this.threshold = threshold;
        this.most = most;
    }

    /** The rule without training: by the draft's own confidence and entropy, calibrated as each reply goes on. */
    public static SpecDecPlusPlus calibrated(double threshold, int most) {
        return new SpecDecPlusPlus(new LogisticEstimator(), threshold, most);
    }

    @Override
    public DraftLength forReply() {
        return new SpecDecPlusPlus(estimator.forReply(), threshold, most);
    }

    @Override
    public boolean readsHidden() {
        return estimator.readsHidden();
    }

    @Override
    public int limit() {
        return most;
    }

    @Override
    public boolean goesOn(DraftStep step) {
        survives = (step.depth() == 1 ? 1 : survives) * estimator.chance(step);
        judged = step.depth();
        return 1 - survives <= threshold;
    }

    /** Follows the tokens that it judged, which their parents hold as first children, as far as the target tested them. */
    @Override
    public void verified(Verification round) {
        DraftTree tree = round.tree();
        int[] path = tree.nodes().path(round.last());
        int node = tree.firstChild(DraftTree.ROOT);
        for (int depth = 1; depth <= judged && node != DraftTree.NONE; depth++) {
            boolean isAccepted = depth < path.length && path[depth] == node;
            estimator.tested(depth, isAccepted);
            node = isAccepted ? tree.firstChild(node) : DraftTree.NONE;
        }
        judged = 0;
    }
}
