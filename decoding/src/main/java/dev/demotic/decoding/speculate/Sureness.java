package dev.demotic.decoding.speculate;

/** Grades guesses that come from a row of logits: by their rank there, and by how far it is from the highest logit. */
final class Sureness {
    /** Ranks with grades of their own; lower ones share those of the last. */
    static final int RANKS = 4;

    private static final float[] GAPS = {0.25f, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    private static final double[] FIRST = {0.38, 0.42, 0.48, 0.56, 0.64, 0.75, 0.85, 0.92, 0.97};
    private static final double[] SECOND = {0.26, 0.23, 0.2, 0.16, 0.13, 0.09, 0.05, 0.03, 0.01};

    private Sureness() {}

    /** @param gap logits between this rank and the highest; for rank 0, between it and the next */
    static int grade(int rank, float gap) {
        int bin = 0;
        while (bin < GAPS.length && gap >= GAPS[bin]) {
            bin++;
        }
        return Math.min(rank, RANKS - 1) * FIRST.length + bin;
    }

    /** What to believe of each grade before any was tested: about what small models reach with larger ones. */
    static GuessChances chances() {
        double[] prior = new double[RANKS * FIRST.length];
        for (int rank = 0; rank < RANKS; rank++) {
            for (int bin = 0; bin < FIRST.length; bin++) {
                prior[rank * FIRST.length + bin] = rank == 0 ? FIRST[bin] : SECOND[bin] / rank;
            }
        }
        return new GuessChances(prior);
    }
}
