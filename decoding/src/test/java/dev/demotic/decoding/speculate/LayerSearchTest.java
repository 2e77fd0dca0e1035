package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/** The search on made-up scores. */
class LayerSearchTest {
    private static final int LAYERS = 16;

    /** Each layer is worth something of its own, so neighbouring sets tell of each other. */
    private static double score(BitSet running) {
        double score = 0;
        for (int layer = 0; layer < LAYERS; layer++) {
            score += running.get(layer) ? (layer * 7 % LAYERS + 1.0) / (LAYERS * LAYERS) : 0;
        }
        return score;
    }

    private static int run(LayerSearch search, ToDoubleFunction<BitSet> score) {
        int trials = 0;
        Optional<BitSet> challenger = search.challenger();
        while (challenger.isPresent()) {
            BitSet best = search.best();
            BitSet other = challenger.get();
            search.tell(best, score.applyAsDouble(best), other, score.applyAsDouble(other));
            trials++;
            challenger = search.challenger();
        }
        return trials;
    }

    @Test
    void findsBetterLayersThanEverySecondAndThanChance() {
        LayerSearch search = new LayerSearch(LAYERS, 0.45, 80);
        double before = score(search.best());
        run(search, LayerSearchTest::score);
        Random random = new Random(5);
        double luck = random.ints(80, 1, 1 << LAYERS)
                .mapToObj(bits -> BitSet.valueOf(new long[] {bits | 1 | 1 << LAYERS - 1}))
                .filter(set -> set.cardinality() == search.best().cardinality())
                .mapToDouble(LayerSearchTest::score)
                .average()
                .orElse(0);
        assertThat(score(search.best())).isGreaterThan(before + 0.03).isGreaterThan(luck + 0.03);
    }

    @Test
    void triesEachSetOnceAndSkipsAsManyLayersAsAsked() {
        LayerSearch search = new LayerSearch(LAYERS, 0.45, 60);
        Set<BitSet> seen = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            BitSet challenger = search.challenger().orElseThrow();
            assertThat(seen.add(challenger)).isTrue();
            assertThat(challenger.cardinality()).isEqualTo(LAYERS - 6);
            assertThat(challenger.get(0) && challenger.get(LAYERS - 1)).isTrue();
            search.tell(search.best(), 0.5, challenger, 0.4);
        }
        assertThat(search.state().skipped()).containsExactly(1, 3, 5, 7, 9, 11);
        assertThat(search.state().trials()).isEqualTo(10);
    }

    @Test
    void ends() {
        assertThat(run(new LayerSearch(LAYERS, 0.45, 40), _ -> 0.5))
                .as("in vain")
                .isEqualTo(11);
        assertThat(run(new LayerSearch(LAYERS, 0.45, 40), _ -> 0.97))
                .as("good enough")
                .isEqualTo(1);
        assertThat(run(new LayerSearch(LAYERS, 0.45, 0), _ -> 0.5)).as("off").isZero();
        assertThat(run(new LayerSearch(3, 0.45, 40), _ -> 0.5))
                .as("no other set")
                .isZero();
    }

    @Test
    void aModelWithoutInnerLayersIsRefused() {
        assertThatThrownBy(() -> new LayerSearch(2, 0.45, 40))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("has 2 layers");
    }
}
