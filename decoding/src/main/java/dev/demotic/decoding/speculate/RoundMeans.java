package dev.demotic.decoding.speculate;

import org.jspecify.annotations.Nullable;

/**
 * What rounds brought and took, in the mean; what is older counts less. As with chances, a reply's means lean on
 * those of all replies. Safe for use by many threads.
 */
final class RoundMeans {
    private final double keeps;
    private final double priorWeight;
    private final @Nullable RoundMeans general;
    private double weight;
    private double accepted;
    private double rows;
    private double passes;

    /** Begins with an optimistic belief, so that drafting is tried. */
    RoundMeans() {
        this(0.99, 0, null);
        weight = 0.5;
        accepted = 1.5 * weight;
        rows = 4 * weight;
        passes = 2 * weight;
    }

    private RoundMeans(double keeps, double priorWeight, @Nullable RoundMeans general) {
        this.keeps = keeps;
        this.priorWeight = priorWeight;
        this.general = general;
    }

    RoundMeans forReply() {
        return new RoundMeans(0.94, 6, this);
    }

    synchronized void learn(double acceptedTokens, double draftedRows, double draftPasses) {
        weight = weight * keeps + 1;
        accepted = accepted * keeps + acceptedTokens;
        rows = rows * keeps + draftedRows;
        passes = passes * keeps + draftPasses;
        if (general != null) {
            general.learn(acceptedTokens, draftedRows, draftPasses);
        }
    }

    /** Drafted tokens that came true, a round. */
    synchronized double accepted() {
        return mean(accepted, general == null ? 0 : general.accepted());
    }

    /** Drafted nodes a round. */
    synchronized double rows() {
        return mean(rows, general == null ? 0 : general.rows());
    }

    /** Passes of a drafter a round. */
    synchronized double passes() {
        return mean(passes, general == null ? 0 : general.passes());
    }

    private double mean(double sum, double before) {
        return (sum + priorWeight * before) / (weight + priorWeight);
    }
}
