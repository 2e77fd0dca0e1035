package dev.demotic.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Measurements that take turns, so that what disturbs the machine for a while disturbs them all alike and their ratios hold.
 */
final class Rounds {
    /** Rounds that are not counted: the JIT compiles, caches fill. */
    private static final int WARM_UP = 3;

    /** What a measurement gave in each round that counts. */
    static final class Series {
        private final String name;
        private final int every;
        private final DoubleSupplier measurement;
        private final List<Double> values = new ArrayList<>();

        private Series(String name, int every, DoubleSupplier measurement) {
            this.name = name;
            this.every = every;
            this.measurement = measurement;
        }

        double median() {
            return Rounds.median(
                    values.stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    private final List<Series> all = new ArrayList<>();

    /**
     * Adds a measurement.
     *
     * @param name what people call it
     * @param every 1 to take part in each round, 3 in one of three, and so on
     */
    Series add(String name, int every, DoubleSupplier measurement) {
        Series series = new Series(name, every, measurement);
        all.add(series);
        return series;
    }

    /** Runs {@code repeats} rounds that count, each measurement in the order in which it was added. */
    void run(int repeats, Consumer<String> stage) {
        for (int round = -WARM_UP; round < repeats; round++) {
            String turn = round < 0 ? "warming up" : "round %d of %d".formatted(round + 1, repeats);
            for (Series series : all) {
                if (round % series.every == 0) {
                    stage.accept(series.name + ", " + turn);
                    double value = series.measurement.getAsDouble();
                    if (round >= 0) {
                        series.values.add(value);
                    }
                }
            }
        }
    }

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
