package dev.demotic.decoding.speculate;

/**
 * What a step through the target takes, by its rows: c(T), learnt from the passes that run.
 *
 * <p>A shape, linear between powers of two and never falling, times a scale. The scale follows the machine quickly, which may
 * be slowed by others for a while; the shape, which choices hang on, follows slowly. At first the shape is that of a step that
 * memory bounds up to some rows, and arithmetic beyond. Safe for use by many threads.
 */
final class StepCost {
    private static final double[] FIRST_SHAPE = {1, 1.03, 1.08, 1.2, 1.5, 2.3, 4.1, 7.8, 15};
    private static final double SCALE_RATE = 0.1;
    private static final double SHAPE_RATE = 0.04;
    /** A pass that took longer than this many times the expected was held up by something else. */
    private static final double LONGEST = 2;

    private final double[] shape = FIRST_SHAPE.clone();
    private final double[] seen = new double[shape.length];
    private double scale;
    private int passes;

    /** Whether any pass was measured. */
    synchronized boolean isKnown() {
        return passes > 0;
    }

    /** Nanoseconds of a step with so many rows, which need not be whole; 0 before anything was measured. */
    synchronized double nanos(double rows) {
        return scale * shapeAt(rows);
    }

    /** How many times one row's time a step of so many rows takes. */
    synchronized double ratio(double rows) {
        return shapeAt(rows) / shapeAt(1);
    }

    private double shapeAt(double rows) {
        double at = place(rows);
        int knot = Math.min((int) at, shape.length - 2);
        double low = atLeastBelow(knot);
        double high = Math.max(low, shape[knot + 1]);
        double from = 1 << knot;
        return low + (rows - from) / from * (high - low);
    }

    /** Where rows lie among the knots, by their logarithm. */
    private static double place(double rows) {
        return Math.log(Math.max(1, rows)) / Math.log(2) + 1e-9;
    }

    private double atLeastBelow(int knot) {
        double most = 0;
        for (int i = 0; i <= knot; i++) {
            most = Math.max(most, shape[i]);
        }
        return most;
    }

    /** Learns from a step. */
    synchronized void learn(double rows, long nanos) {
        if (passes++ == 0) {
            scale = nanos / shapeAt(rows);
        }
        double ratio = Math.min(nanos / nanos(rows), LONGEST);
        int knot = Math.min((int) place(rows), shape.length - 2);
        double above = Math.clamp((rows - (1 << knot)) / (1 << knot), 0, 1);
        adjust(knot, 1 - above, ratio);
        adjust(knot + 1, above, ratio);
        double rest = Math.min(nanos / nanos(rows), LONGEST);
        scale *= 1 + Math.max(SCALE_RATE, 1.0 / passes) * (rest - 1);
    }

    private void adjust(int knot, double share, double ratio) {
        double rate = share * Math.max(SHAPE_RATE, 1 / (1 + seen[knot]));
        // One row is the measure of the others once it was seen: its changes are the machine's.
        if (knot > 0 || seen[0] == 0) {
            shape[knot] *= 1 + rate * (ratio - 1);
        }
        seen[knot] += share;
    }
}
