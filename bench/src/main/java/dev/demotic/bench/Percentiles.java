package dev.demotic.bench;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * A distribution in a few numbers, by nearest rank: each is a value that occurred. All 0 where there was none.
 *
 * @param mean of all
 * @param p50 the median
 * @param p90 nine of ten are at most this
 * @param p99 99 of 100
 * @param most the largest
 */
public record Percentiles(double mean, double p50, double p90, double p99, double most) {
    public static Percentiles of(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        return sorted.length == 0
                ? new Percentiles(0, 0, 0, 0, 0)
                : new Percentiles(
                        Arrays.stream(sorted).sum() / sorted.length,
                        rank(sorted, 0.5),
                        rank(sorted, 0.9),
                        rank(sorted, 0.99),
                        sorted[sorted.length - 1]);
    }

    private static double rank(double[] sorted, double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }
}
