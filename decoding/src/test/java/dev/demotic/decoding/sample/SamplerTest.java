package dev.demotic.decoding.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each processor against plain double-precision reference code, and draws against their distribution. */
class SamplerTest {
    private static final int VOCABULARY = 60;

    private final Random random = new Random(5);

    private static MemorySegment row(double... logits) {
        MemorySegment row = Arena.ofAuto().allocate(4L * logits.length, 64);
        for (int i = 0; i < logits.length; i++) {
            row.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) logits[i]);
        }
        return row;
    }

    private double[] randomLogits() {
        return IntStream.range(0, VOCABULARY)
                .mapToDouble(_ -> (float) (3 * random.nextGaussian()))
                .toArray();
    }

    private static double[] probabilities(Distribution distribution, int vocabulary) {
        return IntStream.range(0, vocabulary)
                .mapToDouble(distribution::probability)
                .toArray();
    }

    /** The definition of each processor, one after the other, without regard to speed. */
    private static double[] reference(SamplingSettings s, double[] logits, int[] prompt, int[] generated) {
        double[] l = logits.clone();
        s.logitBias().forEach((token, bias) -> l[token] += bias);
        int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(generated))
                .toArray();
        int window = s.repetitionWindow() == 0 ? all.length : Math.min(all.length, s.repetitionWindow());
        Arrays.stream(all, all.length - window, all.length)
                .distinct()
                .forEach(t -> l[t] = l[t] > 0 ? l[t] / s.repetitionPenalty() : l[t] * s.repetitionPenalty());
        for (int t : Arrays.stream(generated).distinct().toArray()) {
            long times = Arrays.stream(generated).filter(g -> g == t).count();
            l[t] -= s.presencePenalty() + times * s.frequencyPenalty();
        }
        double max = Arrays.stream(l).max().orElseThrow();
        double[] p =
                Arrays.stream(l).map(x -> Math.exp((x - max) / s.temperature())).toArray();
        if (s.topK() > 0) {
            keep(p, ranked(p).subList(0, Math.min(s.topK(), p.length)));
        }
        normalize(p);
        if (s.topP() < 1) {
            keepMass(p, ranked(p), s.topP());
        }
        double limit = s.minP() * Arrays.stream(p).max().orElseThrow();
        for (int i = 0; i < p.length; i++) {
            p[i] = p[i] >= limit ? p[i] : 0;
        }
        normalize(p);
        if (s.typicalP() < 1) {
            double entropy = Arrays.stream(p)
                    .filter(x -> x > 0)
                    .map(x -> -x * Math.log(x))
                    .sum();
            List<Integer> typical = IntStream.range(0, p.length)
                    .filter(i -> p[i] > 0)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> Math.abs(-Math.log(p[i]) - entropy)))
                    .toList();
            keepMass(p, typical, s.typicalP());
        }
        return p;
    }

    private static List<Integer> ranked(double[] p) {
        return IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -p[i]))
                .toList();
    }

    private static void keepMass(double[] p, List<Integer> order, double mass) {
        double sum = 0;
        int count = 0;
        while (count < order.size() && sum < mass) {
            sum += p[order.get(count++)];
        }
        keep(p, order.subList(0, count));
        normalize(p);
    }

    private static void keep(double[] p, List<Integer> kept) {
        for (int i = 0; i < p.length; i++) {
            p[i] = kept.contains(i) ? p[i] : 0;
        }
    }

    private static void normalize(double[] p) {
        double sum = Arrays.stream(p).sum();
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
    }

    private SamplingSettings randomSettings() {
        SamplingSettings s = SamplingSettings.unchanged().withTemperature(0.3 + 1.5 * random.nextDouble());
        s = random.nextBoolean() ? s.withTopK(1 + random.nextInt(VOCABULARY + 5)) : s;
        s = random.nextBoolean() ? s.withTopP(0.05 + 0.95 * random.nextDouble()) : s;
        s = random.nextBoolean() ? s.withMinP(0.3 * random.nextDouble()) : s;
        s = random.nextBoolean() ? s.withTypicalP(0.1 + 0.9 * random.nextDouble()) : s;
        s = random.nextBoolean() ? s.withRepetitionPenalty(0.7 + random.nextDouble(), random.nextInt(8)) : s;
        s = random.nextBoolean() ? s.withPresencePenalty(random.nextGaussian()) : s;
        s = random.nextBoolean() ? s.withFrequencyPenalty(random.nextGaussian()) : s;
        return random.nextBoolean() ? s.withLogitBias(Map.of(3, 2.5, 7, Double.NEGATIVE_INFINITY)) : s;
    }

    @Test
    void distributionsAreThoseOfTheDefinitions() {
        for (int round = 0; round < 3_000; round++) {
            SamplingSettings settings = randomSettings();
            double[] logits = randomLogits();
            int[] prompt = random.ints(1 + random.nextInt(6), 0, VOCABULARY).toArray();
            int[] generated = random.ints(random.nextInt(6), 0, VOCABULARY).toArray();
            Sampler sampler = new Sampler(settings, VOCABULARY);
            sampler.history().begin(prompt);
            for (int token : generated) {
                sampler.history().add(token);
            }
            assertThat(probabilities(sampler.distribution(row(logits)), VOCABULARY))
                    .as("%s", settings)
                    .containsExactly(reference(settings, logits, prompt, generated), within(1e-5));
        }
    }

    @Test
    void tiesGoToTheLowerToken() {
        double[] flat = new double[VOCABULARY];
        Sampler topThree = new Sampler(SamplingSettings.unchanged().withTopK(3), VOCABULARY);
        assertThat(Arrays.copyOf(probabilities(topThree.distribution(row(flat)), VOCABULARY), 4))
                .containsExactly(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0, 0}, within(1e-12));
        assertThat(new Sampler(SamplingSettings.greedy(), VOCABULARY).next(row(flat)))
                .isZero();
        Sampler half = new Sampler(SamplingSettings.unchanged().withTopP(0.49), VOCABULARY);
        Distribution nucleus = half.distribution(row(flat));
        assertThat(IntStream.range(0, nucleus.size()).map(nucleus::token))
                .isEqualTo(IntStream.range(0, 30).boxed().toList());
    }

    @Test
    void greedyTakesTheHighestProcessedLogit() {
        Sampler plain = new Sampler(SamplingSettings.greedy(), 4);
        assertThat(plain.next(row(1, 5, 2, 4))).isEqualTo(1);
        Sampler banned = new Sampler(SamplingSettings.greedy().withLogitBias(Map.of(1, Double.NEGATIVE_INFINITY)), 4);
        assertThat(banned.next(row(1, 5, 2, 4))).isEqualTo(3);
        Sampler penalized = new Sampler(SamplingSettings.greedy().withPresencePenalty(2), 4);
        penalized.history().begin(new int[] {3});
        assertThat(penalized.next(row(1, 5, 2, 4))).isEqualTo(1);
        assertThat(penalized.next(row(1, 5, 2, 4)))
                .as("only generated tokens are penalized")
                .isEqualTo(3);
    }

    /** Chi-square of draws against the distribution, as a z-score of the statistic. */
    private static double zScore(Sampler sampler, MemorySegment row, double[] expected, int draws) {
        int[] counts = new int[expected.length];
        for (int i = 0; i < draws; i++) {
            counts[sampler.draw(sampler.distribution(row))]++;
        }
        double statistic = 0;
        int cells = 0;
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] > 0) {
                statistic += Math.pow(counts[i] - draws * expected[i], 2) / (draws * expected[i]);
                cells++;
            } else {
                assertThat(counts[i]).as("draws of an impossible token").isZero();
            }
        }
        return (statistic - (cells - 1)) / Math.sqrt(2.0 * (cells - 1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void drawsFollowTheDistribution(long seed) {
        double[] logits = {2, 1.5, 1, 0.5, 0, 0.2, 1.9, -0.5};
        SamplingSettings settings =
                SamplingSettings.unchanged().withTemperature(0.8).withTopK(6).withSeed(seed);
        double[] expected = reference(settings, logits, new int[0], new int[0]);
        assertThat(zScore(new Sampler(settings, 8), row(logits), expected, 50_000))
                .isLessThan(4);
        // the test can fail: a temperature that is a little off is far outside
        Sampler wrong = new Sampler(settings.withTemperature(0.85), 8);
        assertThat(zScore(wrong, row(logits), expected, 50_000)).isGreaterThan(8);
    }

    @Test
    void mirostatReachesItsTarget() {
        double[] zipf = IntStream.range(0, 2_000)
                .mapToDouble(i -> -1.1 * Math.log(i + 1))
                .toArray();
        MemorySegment row = row(zipf);
        for (double tau : new double[] {2, 4}) {
            Sampler sampler = new Sampler(SamplingSettings.unchanged().withMirostat(tau, 0.1), zipf.length);
            double surprise = 0;
            int counted = 0;
            for (int i = 0; i < 4_000; i++) {
                Distribution distribution = sampler.distribution(row);
                int token = sampler.draw(distribution);
                sampler.take(token, distribution);
                if (i >= 500) {
                    surprise -= Math.log(distribution.probability(token)) / Math.log(2);
                    counted++;
                }
            }
            assertThat(surprise / counted).isCloseTo(tau, within(0.1));
        }
    }

    @Test
    void aSeedFixesTheDraws() {
        MemorySegment row = row(randomLogits());
        SamplingSettings settings = SamplingSettings.unchanged().withSeed(42);
        Sampler first = new Sampler(settings, VOCABULARY);
        Sampler second = new Sampler(settings, VOCABULARY);
        Sampler other = new Sampler(settings.withSeed(43), VOCABULARY);
        int[] draws = IntStream.range(0, 50).map(_ -> first.next(row)).toArray();
        assertThat(IntStream.range(0, 50).map(_ -> second.next(row)).toArray()).isEqualTo(draws);
        assertThat(IntStream.range(0, 50).map(_ -> other.next(row)).toArray()).isNotEqualTo(draws);
        assertThat(first.draws()).isEqualTo(50);
    }

    @Test
    void truncatedHistoryForgetsRejectedDrafts() {
        Sampler sampler = new Sampler(SamplingSettings.unchanged().withFrequencyPenalty(1), VOCABULARY);
        sampler.history().begin(new int[] {1, 2});
        sampler.history().add(5);
        double[] before = probabilities(sampler.distribution(row(new double[VOCABULARY])), VOCABULARY);
        sampler.history().add(6);
        sampler.history().add(5);
        sampler.history().truncate(3);
        assertThat(probabilities(sampler.distribution(row(new double[VOCABULARY])), VOCABULARY))
                .isEqualTo(before);
    }

    @Test
    void logprobsAreThoseOfTheModelItself() {
        double[] logits = randomLogits();
        double total = Math.log(Arrays.stream(logits).map(Math::exp).sum());
        TokenLogprobs report = TokenLogprobs.of(row(logits), 9, 4);
        assertThat(report.logprob()).isCloseTo(logits[9] - total, within(1e-6));
        assertThat(report.alternatives().stream().map(TokenLogprobs.Alternative::token))
                .isEqualTo(ranked(logits).subList(0, 4));
        assertThat(report.alternatives().getLast().logprob())
                .isCloseTo(logits[ranked(logits).get(3)] - total, within(1e-6));
        assertThat(TokenLogprobs.of(row(logits), 9, 0).alternatives()).isEmpty();
    }

    @Test
    void samplingAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        MemorySegment row =
                row(IntStream.range(0, 5_000).mapToDouble(i -> Math.sin(i) * 4).toArray());
        Sampler sampler = new Sampler(
                SamplingSettings.unchanged()
                        .withTopK(50)
                        .withTopP(0.9)
                        .withMinP(0.01)
                        .withRepetitionPenalty(1.1, 64),
                5_000);
        sampler.history().begin(new int[] {1, 2, 3});
        for (int i = 0; i < 3_000; i++) {
            sampler.next(row);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 500; i++) {
            sampler.next(row);
        }
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 500).isLessThan(200);
    }

    @Test
    void theLowestTemperatureTakesTheLikeliest() {
        Sampler sampler = new Sampler(SamplingSettings.unchanged().withTemperature(Double.MIN_VALUE), 3);
        for (int i = 0; i < 20; i++) {
            assertThat(sampler.next(row(1, 3, 2.5))).isEqualTo(1);
        }
    }

    @Test
    void settingsOutOfRangeAreRefusedInOneSentence() {
        SamplingSettings good = SamplingSettings.greedy();
        assertThatThrownBy(() -> good.withTemperature(-1))
                .isInstanceOf(DemoticException.class)
                .hasMessage("temperature is -1.0, but must be 0 or more");
        assertThatThrownBy(() -> good.withTemperature(Double.NaN)).hasMessageContaining("temperature is NaN");
        assertThatThrownBy(() -> good.withTopP(0)).hasMessageContaining("top-p is 0.0");
        assertThatThrownBy(() -> good.withTopK(-2)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> good.withMinP(1.5)).hasMessageContaining("min-p");
        assertThatThrownBy(() -> good.withTypicalP(2)).hasMessageContaining("typical");
        assertThatThrownBy(() -> good.withRepetitionPenalty(0, 1)).hasMessageContaining("repetition penalty");
        assertThatThrownBy(() -> good.withRepetitionPenalty(1e-300, 1)).hasMessageContaining("repetition penalty");
        assertThatThrownBy(() -> good.withPresencePenalty(-1e39)).hasMessageContaining("presence penalty is -1.0E39");
        assertThatThrownBy(() -> good.withFrequencyPenalty(1e39)).hasMessageContaining("frequency penalty");
        assertThatThrownBy(() -> good.withLogitBias(Map.of(1, Double.NaN))).hasMessageContaining("logit bias");
        assertThatThrownBy(() -> good.withLogitBias(Map.of(1, 1e39))).hasMessageContaining("logit bias");
        assertThatThrownBy(() -> new Sampler(good.withLogitBias(Map.of(9, 1.0)), 9))
                .hasMessageContaining("logit bias names token 9");
        Map<Integer, Double> all = Map.of(0, Double.NEGATIVE_INFINITY, 1, Double.NEGATIVE_INFINITY);
        Sampler nothing = new Sampler(SamplingSettings.unchanged().withLogitBias(all), 2);
        assertThatThrownBy(() -> nothing.next(row(1, 2))).hasMessageContaining("every token is banned");
    }
}
