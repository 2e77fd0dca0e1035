package dev.demotic.bench;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** How far a statistic of some cases may be off: drawn anew from the cases, with replacement, many times (Efron, 1979). */
final class Bootstrap {
    private static final int RESAMPLES = 2_000;
    private static final long SEED = 1;

    /**
     * In 95 of 100 resamples the statistic is between these.
     *
     * @param low the lower end
     * @param high the upper end
     */
    record Interval(double low, double high) {}

    private Bootstrap() {}

    /**
     * @param cases how many there are
     * @param statistic of cases, by their numbers; a pair of measurements stays a pair
     */
    static Interval interval(int cases, ToDoubleFunction<int[]> statistic) {
        SplittableRandom random = new SplittableRandom(SEED);
        double[] values = IntStream.range(0, RESAMPLES)
                .mapToDouble(_ ->
                        statistic.applyAsDouble(random.ints(cases, 0, cases).toArray()))
                .toArray();
        Arrays.sort(values);
        return new Interval(values[RESAMPLES / 40], values[RESAMPLES - 1 - RESAMPLES / 40]);
    }
}
