package dev.demotic.bench;

import java.util.SplittableRandom;

/** The times at which requests arrive: a Poisson process, the same for the same seed. */
final class Arrivals {
    private final double rate;
    private final SplittableRandom random;
    private double seconds;

    /** @param rate arrivals a second on average */
    Arrivals(double rate, long seed) {
        this.rate = rate;
        random = new SplittableRandom(seed);
    }

    /** When the next one is, in seconds after the start: gaps are drawn from the exponential distribution. */
    double next() {
        seconds -= Math.log1p(-random.nextDouble()) / rate;
        return seconds;
    }
}
