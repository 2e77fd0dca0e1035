package dev.demotic.decoding.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A row's total and entropy against plain sums in double precision. */
class SoftmaxTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 511, 512, 513, 16_384})
    void itIsThatOfPlainSums(int vocabulary) {
        Random random = new Random(vocabulary);
        float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            logits[i] = (float) (random.nextGaussian() * 6 - 200);
        }
        if (vocabulary > 2) {
            logits[vocabulary / 2] = Float.NEGATIVE_INFINITY;
            logits[vocabulary - 1] = -10_000;
        }

        Softmax softmax = Softmax.of(MemorySegment.ofArray(logits));

        double max =
                IntStream.range(0, vocabulary).mapToDouble(i -> logits[i]).max().orElseThrow();
        double total = max
                + Math.log(IntStream.range(0, vocabulary)
                        .mapToDouble(i -> Math.exp(logits[i] - max))
                        .sum());
        double entropy = -IntStream.range(0, vocabulary)
                .mapToDouble(i -> logits[i] - total)
                .filter(logProbability -> logProbability > -700)
                .map(logProbability -> Math.exp(logProbability) * logProbability)
                .sum();
        assertThat(softmax.logTotal()).isCloseTo(total, within(1e-6));
        assertThat(softmax.entropy()).isCloseTo(entropy, within(1e-6));
        assertThat(softmax.logProbability(logits[0])).isCloseTo(logits[0] - total, within(1e-6));
    }
}
