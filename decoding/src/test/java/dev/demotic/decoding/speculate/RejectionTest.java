package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.runtime.DemoticException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether the text of each lossless rule has the target's distribution: chi-square of three tokens, and that it can fail. */
class RejectionTest {
    private static final int TEXTS = 150_000;
    private static final SamplingSettings SAMPLED = SamplingSettings.unchanged();

    private final Toy toy = new Toy(4, 11);

    private Toy.Drafting chain(Toy of) {
        return context -> new DraftModel.Chain(of.predictor(), context.sampler(), context.length());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aChainKeepsTheDistribution(long seed) {
        assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new Rejection()::next, chain(toy), 2))
                .isLessThan(4);
        assertThat(toy.zScore(SAMPLED.withSeed(seed), TEXTS, new Rejection()::next, chain(toy), 4))
                .isLessThan(4);
    }

    @Test
    void processorsAndPenaltiesOfThePathCount() {
        Toy wide = new Toy(6, 5);
        SamplingSettings settings = SAMPLED.withTemperature(0.7)
                .withTopP(0.9)
                .withPresencePenalty(0.8)
                .withFrequencyPenalty(0.5)
                .withRepetitionPenalty(1.3, 2);
        assertThat(wide.zScore(settings, TEXTS, new Rejection()::next, chain(wide), 3))
                .isLessThan(4);
        assertThat(wide.zScore(settings, TEXTS, new SampleAndMatch()::next, chain(wide), 3))
                .isLessThan(4);
    }

    @Test
    void drawingFromTheTargetInsteadOfTheResidualIsFound() {
        Toy.Rule wrong = (tree, node, logits, sampler, spare) -> {
            Distribution p = sampler.distribution(logits.after(node));
            int child = tree.firstChild(node);
            boolean accepted = child != DraftTree.NONE
                    && sampler.uniform() * tree.draft(node).probability(tree.token(child))
                            < p.probability(tree.token(child));
            int token = accepted ? tree.token(child) : sampler.draw(p);
            sampler.take(token, p);
            return token;
        };
        assertThat(toy.zScore(SAMPLED, TEXTS, wrong, chain(toy), 2)).isGreaterThan(40);
    }

    @Test
    void lenienceIsLossyAndSaysSo() {
        Rejection lenient = new Rejection(0.5);
        assertThat(lenient.isLossless()).isFalse();
        assertThat(new Rejection().isLossless()).isTrue();
        assertThat(toy.zScore(SAMPLED, TEXTS, lenient::next, chain(toy), 2)).isGreaterThan(40);
        assertThatThrownBy(() -> new Rejection(0))
                .isInstanceOf(DemoticException.class)
                .hasMessage("lenience is 0.0, but must be above 0 and at most 1");
    }

    @Test
    void aDraftLikeTheTargetIsAlwaysAccepted() {
        Sampler sampler = new Sampler(SAMPLED.withTemperature(0.8).withTopK(3), 4);
        DraftTree tree = new DraftTree();
        Distribution spare = new Distribution();
        for (int i = 0; i < 10_000; i++) {
            sampler.history().begin(new int[] {i % 4});
            tree.begin(i % 4, 1, 8, _ -> false);
            Distribution q = tree.draw(DraftTree.ROOT, Drawing.WITHOUT_REPLACEMENT);
            sampler.distribution(toy.draftAfter(i % 4), q);
            int drawn = sampler.draw(q);
            tree.add(DraftTree.ROOT, drawn);
            NodeLogits same = _ -> toy.draftAfter(tree.token(DraftTree.ROOT));
            assertThat(new Rejection().next(tree, DraftTree.ROOT, same, sampler, spare))
                    .isEqualTo(drawn);
        }
    }
}
