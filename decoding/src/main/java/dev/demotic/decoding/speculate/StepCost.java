package dev.demotic.decoding.speculate;

import dev.demotic.runtime.StepTiming;

/**
 * What a step through the target takes, by its rows: c(T) = 1 + s(T)·(T - 1), learnt from the steps that run.
 *
 * <p>The time of one row follows the machine, which others may slow for a while. The slope s, on which choices hang, is learnt at
 * powers of two and linear in the logarithm between them. It falls faster than it rises, since disturbances only ever make a
 * step slower, and what was learnt is slowly forgotten: what one bad moment made look too dear would otherwise never be tried
 * again. At first it is that of a step which memory bounds up to some rows, and arithmetic beyond. Safe for use by many threads.
 */
final class StepCost {
    /** By the logarithm of the rows, from 2 rows on. */
    private static final double[] FIRST_SLOPES = {0.05, 0.05, 0.06, 0.07, 0.09, 0.1, 0.11, 0.12};

    private static final double FALL = 0.15;
    private static final double RISE = 0.06;
    private static final double FORGET = 0.0005;
    /** From this many rows beyond the first on, a step tells all that it can of the slope. */
    private static final double TELLING_ROWS = 6;
    /** What a step of several rows tells of the machine, beside one of a single row. */
    private static final double SCALE_SHARE = 0.05;
    /** A step that took longer than this many times the expected was held up by something else. */
    private static final double LONGEST = 2;

    private final double[] slopes = FIRST_SLOPES.clone();
    private double oneRow;
    private int steps;
    private int stepsOfOne;
    private long lastBegan;

    /** Whether any step was measured. */
    synchronized boolean isKnown() {
        return steps > 0;
    }

    /** Nanoseconds of a step with so many rows, which need not be whole; 0 before anything was measured. */
    synchronized double nanos(double rows) {
        return oneRow * ratio(rows);
    }

    /** How many times one row's time a step of so many rows takes. */
    synchronized double ratio(double rows) {
        return rows <= 1 ? 1 : 1 + slope(place(rows)) * (rows - 1);
    }

    /**
     * Nanoseconds that further rows add to a step which has some already: at least what a row adds on average, since each costs more
     * than the one before.
     */
    synchronized double nanosOfMore(double has, double more) {
        double added = nanos(has + more) - nanos(has);
        return Math.max(added, oneRow * slope(place(has + more)) * more);
    }

    private double slope(double place) {
        int low = (int) place;
        return slopes[low] + (place - low) * (slopes[low + 1] - slopes[low]);
    }

    /** Where rows lie among the slopes. */
    private static double place(double rows) {
        return Math.clamp(Math.log(rows) / Math.log(2) - 1, 0, FIRST_SLOPES.length - 1.001);
    }

    /**
     * Learns from a step, of which each of its sequences tells. Steps with chunks of prompts tell nothing: those rows are without
     * logits, and cost less.
     */
    synchronized void learn(StepTiming step) {
        if (step.nanos() > 0 && step.rows() == step.decodingRows() && step.began() != lastBegan) {
            lastBegan = step.began();
            learn(step.rows(), step.nanos());
        }
    }

    /** Learns from a step of so many rows. */
    synchronized void learn(double rows, long nanos) {
        if (steps++ == 0) {
            oneRow = nanos / ratio(rows);
        }
        double late = Math.min(nanos / nanos(rows), LONGEST) - 1;
        double rate = late < 0 ? FALL : RISE;
        if (rows < 2) {
            oneRow *= 1 + Math.max(rate, 1.0 / ++stepsOfOne) * late;
            return;
        }
        oneRow *= 1 + SCALE_SHARE * rate * late;
        double change = rate * late * ratio(rows) / (rows - 1) * Math.min(1, (rows - 1) / TELLING_ROWS);
        double place = place(rows);
        for (int i = 0; i < slopes.length; i++) {
            double share = Math.max(0, 1 - Math.abs(i - place));
            slopes[i] = Math.max(0, slopes[i] + share * change + FORGET * (FIRST_SLOPES[i] - slopes[i]));
        }
    }
}
