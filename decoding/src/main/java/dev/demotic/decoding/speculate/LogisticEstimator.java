package dev.demotic.decoding.speculate;

import java.util.Arrays;

/**
 * Estimates acceptance by a logistic regression on how sure the draft model was: its probability of the token, and its entropy.
 *
 * <p>Calibrated as the reply goes on, with every token that is tested: a Gaussian belief about the coefficients, updated one
 * observation at a time as by D. Spiegelhalter and S. Lauritzen, "Sequential updating of conditional probabilities on directed
 * graphical structures", 1990. Each reply begins with the same belief, so that a seed's text does not hang on what was
 * decoded before. Used by one thread.
 */
final class LogisticEstimator implements AcceptanceEstimator {
    private static final int COEFFICIENTS = 3;
    /** About what small models reach with larger ones of their family: constant, probability, nat of entropy. */
    private static final double[] PRIOR = {-0.8, 3.5, -0.1};
    /** The variance of each coefficient beforehand: how far models differ. */
    private static final double[] SPREAD = {2, 6, 0.1};

    private final double[] coefficients = PRIOR.clone();
    private final double[][] covariance = new double[COEFFICIENTS][COEFFICIENTS];
    /** What was known of the drafted tokens, by depth. */
    private double[][] features = new double[8][COEFFICIENTS];

    LogisticEstimator() {
        for (int i = 0; i < COEFFICIENTS; i++) {
            covariance[i][i] = SPREAD[i];
        }
    }

    @Override
    public AcceptanceEstimator forReply() {
        return new LogisticEstimator();
    }

    @Override
    public double chance(DraftStep step) {
        DraftStep.Confidence confidence = step.confidence();
        return chance(note(step.depth(), 1, confidence.probability(), confidence.entropy()));
    }

    private double[] note(int depth, double... known) {
        if (depth > features.length) {
            features = Arrays.copyOf(features, 2 * depth);
        }
        features[depth - 1] = known;
        return known;
    }

    private double chance(double[] known) {
        return 1 / (1 + Math.exp(-product(coefficients, known)));
    }

    /** The Laplace step: the covariance shrinks along what was seen, and the mean moves by what was unexpected. */
    @Override
    public void tested(int depth, boolean isAccepted) {
        double[] known = features[depth - 1];
        double chance = chance(known);
        double[] direction = new double[COEFFICIENTS];
        for (int i = 0; i < COEFFICIENTS; i++) {
            direction[i] = product(covariance[i], known);
        }
        double information = chance * (1 - chance);
        double shrinks = information / (1 + information * product(direction, known));
        for (int i = 0; i < COEFFICIENTS; i++) {
            for (int j = 0; j < COEFFICIENTS; j++) {
                covariance[i][j] -= shrinks * direction[i] * direction[j];
            }
        }
        double surprise = (isAccepted ? 1 : 0) - chance;
        for (int i = 0; i < COEFFICIENTS; i++) {
            coefficients[i] += surprise * product(covariance[i], known);
        }
    }

    private static double product(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < COEFFICIENTS; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
