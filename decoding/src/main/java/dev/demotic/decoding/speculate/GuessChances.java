package dev.demotic.decoding.speculate;

import org.jspecify.annotations.Nullable;

/**
 * The chance that a guess comes true, by how sure its source was of it: learnt from guesses that were put to the test.
 *
 * <p>What is older counts less. A reply has chances of its own, which lean on those of all replies before until it has seen
 * enough. Safe for use by many threads.
 */
final class GuessChances {
    private final double[] hits;
    private final double[] trials;
    private final double[] prior;
    private final double keeps;
    private final double priorWeight;
    private final @Nullable GuessChances general;

    /** @param prior what to believe at first, by grade of sureness */
    GuessChances(double... prior) {
        this(prior.clone(), 0.995, 4, null);
    }

    private GuessChances(double[] prior, double keeps, double priorWeight, @Nullable GuessChances general) {
        this.prior = prior;
        this.keeps = keeps;
        this.priorWeight = priorWeight;
        this.general = general;
        hits = new double[prior.length];
        trials = new double[prior.length];
    }

    /** Chances for one reply, which begin as these and teach these. */
    GuessChances forReply() {
        return new GuessChances(prior, 0.97, 5, this);
    }

    int grades() {
        return prior.length;
    }

    /** The chance of a guess of this grade. */
    synchronized double of(int grade) {
        double before = general == null ? prior[grade] : general.of(grade);
        return (hits[grade] + priorWeight * before) / (trials[grade] + priorWeight);
    }

    /**
     * Learns how a guess turned out.
     *
     * @param weight of the evidence: 1 for a guess in a reply
     */
    synchronized void learn(int grade, boolean isHit, double weight) {
        double kept = weight == 1 ? keeps : Math.pow(keeps, weight);
        hits[grade] = hits[grade] * kept + (isHit ? weight : 0);
        trials[grade] = trials[grade] * kept + weight;
        if (general != null) {
            general.learn(grade, isHit, weight);
        }
    }
}
