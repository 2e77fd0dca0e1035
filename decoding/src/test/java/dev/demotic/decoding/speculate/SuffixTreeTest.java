package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SuffixTreeTest {
    @Test
    void continuationsComeByTheirShare() {
        SuffixTree tree = new SuffixTree(8, 1_000);
        tree.add(new int[] {1, 2, 3, 4});
        tree.add(new int[] {1, 2, 3, 5});
        tree.add(new int[] {9, 2, 6});
        List<SuffixTree.Step> steps = tree.continuations(new int[] {2}, 10, 0.1);
        assertThat(steps).extracting(SuffixTree.Step::token).containsExactlyInAnyOrder(3, 4, 5, 6);
        assertThat(steps.getFirst()).isEqualTo(new SuffixTree.Step(3, -1, 2 / 3.0));
        assertThat(steps.stream().mapToDouble(SuffixTree.Step::probability).sum())
                .isCloseTo(2 / 3.0 + 3 * (1 / 3.0), within(1e-12));
        assertThat(tree.continuations(new int[] {1, 2}, 10, 0.1))
                .extracting(SuffixTree.Step::token)
                .containsExactlyInAnyOrder(3, 4, 5);
        assertThat(tree.continuations(new int[] {1, 2}, 1, 0.1)).hasSize(1);
        assertThat(tree.continuations(new int[] {2}, 10, 0.5)).hasSize(1);
        assertThat(tree.continuations(new int[] {7}, 10, 0.1)).isEmpty();
    }

    @Test
    void whatLeavesLeavesNoTrace() {
        Random random = new Random(3);
        SuffixTree crowded = new SuffixTree(5, 40);
        int[][] texts = new int[30][];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = random.ints(10, 0, 4).toArray();
            crowded.add(texts[i]);
            assertThat(crowded.size()).isLessThanOrEqualTo(40);
        }
        SuffixTree fresh = new SuffixTree(5, 40);
        Arrays.stream(texts, 26, 30).forEach(fresh::add);
        for (int token = 0; token < 4; token++) {
            for (int next = 0; next < 4; next++) {
                int[] sequence = {token, next};
                assertThat(shares(crowded, sequence)).isEqualTo(shares(fresh, sequence));
            }
        }
        crowded.add(new int[41]);
        assertThat(crowded.size()).isEqualTo(40);
    }

    /** Each token of the continuations with its probability, in an order that tells nothing of when they came. */
    private static List<String> shares(SuffixTree tree, int[] sequence) {
        return tree.continuations(sequence, 100, 0).stream()
                .map(step -> step.token() + " " + step.probability())
                .sorted()
                .toList();
    }
}
