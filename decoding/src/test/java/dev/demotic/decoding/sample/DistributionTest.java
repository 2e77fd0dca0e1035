package dev.demotic.decoding.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What verifiers do with distributions, against dense arrays. */
class DistributionTest {
    private static final int VOCABULARY = 12;

    /** Some of the tokens, in any order. */
    private static Distribution random(Random random) {
        Distribution distribution = new Distribution();
        distribution.reserve(VOCABULARY);
        for (int token = 0; token < VOCABULARY; token++) {
            if (random.nextBoolean() || token == 5) {
                int at = random.nextInt(distribution.size + 1);
                distribution.tokens[distribution.size] = distribution.tokens[at];
                distribution.probabilities[distribution.size++] = distribution.probabilities[at];
                distribution.tokens[at] = token;
                distribution.probabilities[at] = random.nextDouble();
            }
        }
        distribution.normalize();
        return distribution;
    }

    private static double[] dense(Distribution distribution) {
        return IntStream.range(0, VOCABULARY)
                .mapToDouble(distribution::probability)
                .toArray();
    }

    private static double[] normalized(double[] weights) {
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / sum).toArray();
    }

    @Test
    void aNumberFindsItsTokenAmongMany() {
        Random random = new Random(4);
        for (int size : new int[] {1, 63, 64, 65, 1000}) {
            Distribution p = new Distribution();
            p.reserve(size);
            p.size = size;
            for (int i = 0; i < size; i++) {
                p.tokens[i] = 3 * i;
                p.probabilities[i] = 1 + random.nextInt(5);
            }
            p.normalize();
            double before = 0;
            for (int i = 0; i < size; i++) {
                assertThat(p.at(before + p.probabilities[i] / 2)).isEqualTo(3 * i);
                before += p.probabilities[i];
            }
            assertThat(p.at(0)).isZero();
            assertThat(p.at(Math.nextDown(1.0))).isEqualTo(3 * (size - 1));
        }
    }

    @Test
    void subtractingLeavesTheResidual() {
        Random random = new Random(1);
        for (int round = 0; round < 500; round++) {
            Distribution p = random(random);
            Distribution q = random(random);
            double factor = random.nextBoolean() ? 1 : random.nextDouble();
            double[] before = dense(p);
            double[] draft = dense(q);
            double[] expected = normalized(IntStream.range(0, VOCABULARY)
                    .mapToDouble(i -> Math.max(0, before[i] - factor * draft[i]))
                    .toArray());
            assertThat(p.subtract(q, factor)).isTrue();
            assertThat(dense(p)).containsExactly(expected, within(1e-12));
            assertThat(dense(q)).isEqualTo(draft);
            // nothing of q stays behind for the next time
            double[] after = dense(p);
            assertThat(p.subtract(q, 0)).isTrue();
            assertThat(dense(p)).containsExactly(after, within(1e-12));
        }
    }

    @Test
    void removingRenormalises() {
        Random random = new Random(2);
        for (int round = 0; round < 500; round++) {
            Distribution p = random(random);
            if (p.size() > 1) {
                double[] expected = dense(p);
                expected[5] = 0;
                assertThat(p.remove(5)).isTrue();
                assertThat(dense(p)).containsExactly(normalized(expected), within(1e-12));
            }
        }
    }

    @Test
    void whatWouldBeRoundingIsLeftAlone() {
        Distribution p = random(new Random(3));
        Distribution copy = new Distribution();
        copy.copy(p);
        assertThat(p.subtract(copy, 1)).isFalse();
        assertThat(dense(p)).isEqualTo(dense(copy));
        Distribution one = new Distribution();
        one.set(7);
        assertThat(one.remove(7)).isFalse();
        assertThat(one.probability(7)).isEqualTo(1);
    }

    @Test
    void theHighestAreListedFirst() {
        Random random = new Random(4);
        for (int round = 0; round < 200; round++) {
            Distribution p = random(random);
            double[] expected = Arrays.stream(p.probabilities, 0, p.size)
                    .map(x -> -x)
                    .sorted()
                    .map(x -> -x)
                    .limit(4)
                    .toArray();
            double[] before = dense(p);
            p.keepHighest(4);
            assertThat(IntStream.range(0, p.size()).mapToDouble(p::weight)).containsExactly(box(expected));
            for (int i = 0; i < p.size(); i++) {
                assertThat(p.weight(i)).isEqualTo(before[p.token(i)]);
            }
        }
    }

    private static Double[] box(double[] values) {
        return Arrays.stream(values).boxed().toArray(Double[]::new);
    }

    @Test
    void entropyIsInNats() {
        Distribution even = new Distribution();
        even.reserve(4);
        for (int token = 0; token < 4; token++) {
            even.tokens[token] = token;
            even.probabilities[token] = 0.25;
        }
        even.size = 4;
        assertThat(even.entropy()).isCloseTo(Math.log(4), within(1e-12));
    }
}
