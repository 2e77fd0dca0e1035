package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class GaussianProcessTest {
    private static final double[][] POINTS = {{0}, {1}, {2.5}, {4}};
    private static final double[] VALUES = {1, 3, 2, 5};

    private final GaussianProcess process = new GaussianProcess(POINTS, VALUES, 0.7, 1e-6);

    @Test
    void goesThroughWhatItKnows() {
        for (int i = 0; i < POINTS.length; i++) {
            assertThat(process.mean(POINTS[i])).isCloseTo(VALUES[i], within(1e-4));
            assertThat(process.deviation(POINTS[i])).isLessThan(1e-2);
        }
    }

    @Test
    void farAwayItKnowsNothingButMeanAndVariance() {
        assertThat(process.mean(new double[] {100})).isCloseTo(2.75, within(1e-9));
        assertThat(process.deviation(new double[] {100})).isCloseTo(Math.sqrt(8.75 / 4), within(1e-9));
    }

    /** With one point: mean k · v / (1 + noise), variance 1 - k² / (1 + noise), by hand. */
    @Test
    void noiseDrawsTheMeanToThePrior() {
        GaussianProcess two = new GaussianProcess(new double[][] {{0}, {50}}, new double[] {-1, 1}, 1, 0.25);
        double kernel = Math.exp(-0.5);
        assertThat(two.mean(new double[] {51})).isCloseTo(kernel / 1.25, within(1e-9));
        assertThat(two.deviation(new double[] {51})).isCloseTo(Math.sqrt(1 - kernel * kernel / 1.25), within(1e-9));
    }

    @Test
    void equalValuesAreNoReasonToFail() {
        GaussianProcess flat = new GaussianProcess(new double[][] {{0}, {1}}, new double[] {2, 2}, 1, 0.1);
        assertThat(flat.mean(new double[] {0.5})).isEqualTo(2);
        assertThat(flat.deviation(new double[] {9})).isCloseTo(1, within(1e-9));
    }

    @Test
    void expectedImprovementIsTheMeanOfTheExcess() {
        double[] point = {3.2};
        double best = 4;
        double mean = process.mean(point);
        double deviation = process.deviation(point);
        double sum = 0;
        int steps = 20_000;
        for (int i = 0; i < steps; i++) {
            double z = -8 + 16 * (i + 0.5) / steps;
            double density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
            sum += Math.max(0, mean + deviation * z - best) * density * 16 / steps;
        }
        assertThat(sum).isPositive();
        assertThat(process.expectedImprovement(point, best)).isCloseTo(sum, within(1e-6));
        assertThat(process.expectedImprovement(POINTS[0], best)).isLessThan(1e-6);
    }

    @Test
    void knowsTheNormalDistribution() {
        assertThat(GaussianProcess.cumulative(0)).isCloseTo(0.5, within(1e-7));
        assertThat(GaussianProcess.cumulative(1.959964)).isCloseTo(0.975, within(1e-6));
        assertThat(GaussianProcess.cumulative(-1)).isCloseTo(0.1586553, within(1e-7));
    }
}
