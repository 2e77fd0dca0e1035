package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BootstrapTest {
    /** Of 200 samples of 60 tosses of an unfair coin, about 190 intervals hold its chance. */
    @Test
    void intervalsHoldTheTruthAsOftenAsTheySay() {
        Random random = new Random(5);
        int held = 0;
        for (int trial = 0; trial < 200; trial++) {
            double[] tosses = random.doubles(60).map(u -> u < 0.3 ? 1 : 0).toArray();
            ToDoubleFunction<int[]> mean = chosen ->
                    IntStream.of(chosen).mapToDouble(i -> tosses[i]).average().orElseThrow();
            Bootstrap.Interval interval = Bootstrap.interval(60, mean);
            assertThat(interval.high() - interval.low()).isBetween(0.1, 0.3);
            held += interval.low() <= 0.3 && 0.3 <= interval.high() ? 1 : 0;
        }
        assertThat(held).isBetween(178, 199);
    }

    @Test
    void whatDoesNotVaryHasNoWidth() {
        assertThat(Bootstrap.interval(9, _ -> 2.5)).isEqualTo(new Bootstrap.Interval(2.5, 2.5));
    }
}
