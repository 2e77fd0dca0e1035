package dev.demotic.decoding.speculate;

import java.util.Arrays;

/**
 * A guess at a function from a few noisy values of it: a normal distribution at every point.
 *
 * <p>C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, algorithm 2.1, with a squared
 * exponential kernel over the values' own mean and variance. Which point to look at next, expected improvement says (J. Mockus, 1974; D.
 * R. Jones, M. Schonlau, W. J. Welch, "Efficient Global Optimization of Expensive Black-Box Functions", 1998, section 3.1).
 */
final class GaussianProcess {
    private final double[][] points;
    private final double lengthScale;
    private final double mean;
    private final double scale;
    /** The lower triangle L with L · Lᵀ = K + noise · I. */
    private final double[][] factor;
    /** (K + noise · I)⁻¹ · values. */
    private final double[] weights;

    /**
     * @param points n rows, n at least 1, all of the same length
     * @param values at these points
     * @param lengthScale how far apart points must be to tell little of each other
     * @param noise the share of the values' variance that is noise, above 0
     */
    GaussianProcess(double[][] points, double[] values, double lengthScale, double noise) {
        this.points = points;
        this.lengthScale = lengthScale;
        double average = Arrays.stream(values).average().orElse(0);
        double variance = Arrays.stream(values)
                .map(value -> (value - average) * (value - average))
                .average()
                .orElse(0);
        mean = average;
        scale = variance > 0 ? Math.sqrt(variance) : 1;
        factor = new double[points.length][points.length];
        for (int i = 0; i < points.length; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = kernel(points[i], points[j]) + (i == j ? noise : 0);
                for (int k = 0; k < j; k++) {
                    sum -= factor[i][k] * factor[j][k];
                }
                factor[i][j] = i == j ? Math.sqrt(sum) : sum / factor[j][j];
            }
        }
        weights = forward(
                Arrays.stream(values).map(value -> (value - mean) / scale).toArray());
        for (int i = points.length - 1; i >= 0; i--) {
            for (int k = i + 1; k < points.length; k++) {
                weights[i] -= factor[k][i] * weights[k];
            }
            weights[i] /= factor[i][i];
        }
    }

    private double kernel(double[] a, double[] b) {
        double distance = 0;
        for (int i = 0; i < a.length; i++) {
            distance += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.exp(-distance / (2 * lengthScale * lengthScale));
    }

    /** Solves L · x = b. */
    private double[] forward(double[] b) {
        double[] x = b.clone();
        for (int i = 0; i < x.length; i++) {
            for (int k = 0; k < i; k++) {
                x[i] -= factor[i][k] * x[k];
            }
            x[i] /= factor[i][i];
        }
        return x;
    }

    private double[] kernels(double[] point) {
        return Arrays.stream(points).mapToDouble(known -> kernel(known, point)).toArray();
    }

    /** The most likely value at a point. */
    double mean(double[] point) {
        double[] kernels = kernels(point);
        double sum = 0;
        for (int i = 0; i < kernels.length; i++) {
            sum += kernels[i] * weights[i];
        }
        return mean + scale * sum;
    }

    /** The standard deviation of the value at a point, noise apart. */
    double deviation(double[] point) {
        double explained =
                Arrays.stream(forward(kernels(point))).map(x -> x * x).sum();
        return scale * Math.sqrt(Math.max(0, 1 - explained));
    }

    /** By how much the value at a point will exceed {@code best} on average, where falling short of it costs nothing. */
    double expectedImprovement(double[] point, double best) {
        double gain = mean(point) - best;
        double deviation = deviation(point);
        if (deviation == 0) {
            return Math.max(0, gain);
        }
        double z = gain / deviation;
        return gain * cumulative(z) + deviation * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    }

    /** The normal distribution function, within 1e-7: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 26.2.17. */
    static double cumulative(double z) {
        double t = 1 / (1 + 0.2316419 * Math.abs(z));
        double series =
                t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        double tail = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * series;
        return z >= 0 ? 1 - tail : tail;
    }
}
