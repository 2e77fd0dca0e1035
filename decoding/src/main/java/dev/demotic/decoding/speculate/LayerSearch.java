package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Finds the layers that a model can best do without, by trial on the text at hand.
 *
 * <p>The search of {@link Swift}: random sets, and now and then the one that a {@link GaussianProcess} promises most of. A challenger and
 * the best set so far are scored on the same newest tokens, so no old score stands in the way of a better set when the text
 * changes. First and last layer always run. Shared by all replies; safe for use by many threads.
 */
final class LayerSearch {
    /** A set that guesses this share of the tokens is good enough. */
    private static final double GOOD_ENOUGH = 0.95;

    /** Every so many trials the challenger comes from the Gaussian process. */
    private static final int BAYES_INTERVAL = 4;

    /** Sets that are looked at for a challenger. */
    private static final int POOL = 128;

    /** The share of the scores' variance that is taken for noise. */
    private static final double NOISE = 1e-2;

    private final int layers;
    private final int skipped;
    private final int trials;
    private final Random random = new Random(1);
    /** By set of layers that run: its mean score. */
    private final Map<BitSet, Mean> scores = new LinkedHashMap<>();

    private BitSet best;
    private int tried;
    private int sinceBetter;
    private boolean isOver;

    /** The state of the search, for people. */
    record State(List<Integer> skipped, double score, int trials) {}

    private record Mean(double sum, int count) {
        private double value() {
            return sum / count;
        }

        private Mean plus(double score) {
            return new Mean(sum + score, count + 1);
        }
    }

    /**
     * @param layers of the model
     * @param share of the layers between the first and the last that is skipped; at least one layer is
     * @param trials the most sets to try; a quarter of them in vain ends the search too
     * @throws DemoticException if the model has no layer between its first and its last
     */
    LayerSearch(int layers, double share, int trials) {
        if (layers < 3) {
            throw new DemoticException(
                    "the model has %d layers, and skipping needs one between the first and the last; take another method"
                            .formatted(layers));
        }
        this.layers = layers;
        this.trials = trials;
        skipped = Math.max(1, (int) ((layers - 2) * share));
        best = everySecond();
    }

    /** The paper's set to begin with. */
    private BitSet everySecond() {
        BitSet running = all();
        int left = skipped;
        for (int start = 1; start <= 2; start++) {
            for (int layer = start; layer < layers - 1 && left > 0; layer += 2) {
                running.clear(layer);
                left--;
            }
        }
        return running;
    }

    private BitSet all() {
        BitSet running = new BitSet(layers);
        running.set(0, layers);
        return running;
    }

    /** The layers that run. Not to be changed. */
    synchronized BitSet best() {
        return best;
    }

    /** A set that was never tried; none when the search is over. */
    synchronized Optional<BitSet> challenger() {
        if (isOver || tried >= trials || sinceBetter > trials / 4) {
            return Optional.empty();
        }
        List<BitSet> pool = IntStream.range(0, POOL)
                .mapToObj(_ -> randomSet())
                .distinct()
                .filter(set -> !set.equals(best) && !scores.containsKey(set))
                .toList();
        isOver = pool.isEmpty();
        if (isOver) {
            return Optional.empty();
        }
        return Optional.of(tried % BAYES_INTERVAL == BAYES_INTERVAL - 1 ? mostPromising(pool) : pool.getFirst());
    }

    private BitSet randomSet() {
        List<Integer> inner =
                new ArrayList<>(IntStream.range(1, layers - 1).boxed().toList());
        Collections.shuffle(inner, random);
        BitSet running = all();
        inner.subList(0, skipped).forEach(running::clear);
        return running;
    }

    private BitSet mostPromising(List<BitSet> pool) {
        double[][] points = scores.keySet().stream().map(this::point).toArray(double[][]::new);
        double[] values = scores.values().stream().mapToDouble(Mean::value).toArray();
        GaussianProcess process = new GaussianProcess(points, values, Math.sqrt(layers) / 2, NOISE);
        double highest = scores.getOrDefault(best, new Mean(0, 1)).value();
        BitSet promising = pool.getFirst();
        double most = -1;
        for (BitSet set : pool) {
            double improvement = process.expectedImprovement(point(set), highest);
            if (improvement > most) {
                most = improvement;
                promising = set;
            }
        }
        return promising;
    }

    private double[] point(BitSet set) {
        return IntStream.range(0, layers)
                .mapToDouble(layer -> set.get(layer) ? 1 : 0)
                .toArray();
    }

    /**
     * Tells how two sets did on the same tokens.
     *
     * @param incumbent the best set when the trial began
     * @param held the share of the tokens that it guessed
     * @param challenger the other set
     * @param reached the share that this one guessed
     */
    synchronized void tell(BitSet incumbent, double held, BitSet challenger, double reached) {
        scores.merge(incumbent, new Mean(held, 1), (mean, _) -> mean.plus(held));
        scores.merge(challenger, new Mean(reached, 1), (mean, _) -> mean.plus(reached));
        tried++;
        sinceBetter++;
        if (reached > held && incumbent.equals(best)) {
            best = challenger;
            sinceBetter = 0;
        }
        isOver |= Math.max(held, reached) > GOOD_ENOUGH;
    }

    synchronized State state() {
        List<Integer> without = IntStream.range(0, layers)
                .filter(layer -> !best.get(layer))
                .boxed()
                .toList();
        Mean mean = scores.get(best);
        return new State(without, mean == null ? 0 : mean.value(), tried);
    }
}
