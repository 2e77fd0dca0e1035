package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;

/** A target and a draft that are fixed tables, to test distributions on: the next token hangs on the last one alone. */
final class Toy {
    static final int TOKENS = 3;
    private static final int PROMPT = 0;

    private final int vocabulary;
    private final MemorySegment[] target;
    private final MemorySegment[] draft;

    Toy(int vocabulary, long seed) {
        this.vocabulary = vocabulary;
        Random random = new Random(seed);
        target = table(random);
        draft = table(random);
    }

    /** One whose next token hangs on nothing, so that every draft has the same chance to be accepted. */
    static Toy withoutMemory(int vocabulary, long seed) {
        Toy toy = new Toy(vocabulary, seed);
        Arrays.fill(toy.target, toy.target[0]);
        Arrays.fill(toy.draft, toy.draft[0]);
        return toy;
    }

    private MemorySegment[] table(Random random) {
        MemorySegment[] rows = new MemorySegment[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            rows[i] = Arena.ofAuto().allocate(4L * vocabulary, 64);
            for (int j = 0; j < vocabulary; j++) {
                rows[i].setAtIndex(JAVA_FLOAT, j, (float) random.nextGaussian());
            }
        }
        return rows;
    }

    /** An acceptance rule, right or wrong. */
    @FunctionalInterface
    interface Rule {
        int next(DraftTree tree, int node, NodeLogits logits, Sampler sampler, Distribution spare);
    }

    /** A session that drafts by a predictor, and the settings to draw with. */
    interface Drafting extends Function<Drafter.Context, Drafter.Session> {}

    /** How far the first tokens of many texts are from the target's distribution: the z-score of chi-square. */
    double zScore(SamplingSettings settings, int texts, Rule rule, Drafting drafting, int depth) {
        return zScore(settings, texts, sampler -> rounds(sampler, rule, drafting, depth));
    }

    /** The same for any rounds: each adds what it emits to the history of the sampler, which begins a text with the prompt alone. */
    double zScore(SamplingSettings settings, int texts, Function<Sampler, Runnable> rounds) {
        double[] expected = new double[(int) Math.pow(vocabulary, TOKENS)];
        Sampler reference = new Sampler(settings, vocabulary);
        reference.history().begin(new int[] {PROMPT});
        expect(reference, 0, 1, expected);

        int[] counts = new int[expected.length];
        Sampler sampler = new Sampler(settings, vocabulary);
        TokenHistory history = sampler.history();
        Runnable round = rounds.apply(sampler);
        for (int i = 0; i < texts; i++) {
            history.begin(new int[] {PROMPT});
            while (history.size() <= TOKENS) {
                round.run();
            }
            int cell = 0;
            for (int j = 1; j <= TOKENS; j++) {
                cell = cell * vocabulary + history.token(j);
            }
            counts[cell]++;
        }
        return zScore(counts, expected, texts);
    }

    /** Tokens a round, over many. */
    double blockEfficiency(SamplingSettings settings, int rounds, Rule rule, Drafting drafting, int depth) {
        Sampler sampler = new Sampler(settings, vocabulary);
        Runnable round = rounds(sampler, rule, drafting, depth);
        long tokens = 0;
        for (int i = 0; i < rounds; i++) {
            sampler.history().begin(new int[] {PROMPT});
            round.run();
            tokens += sampler.history().size() - 1;
        }
        return (double) tokens / rounds;
    }

    /** The chance that a draw from the draft's first row is accepted for the target's: the sum of min(p, q). */
    double overlap(SamplingSettings settings) {
        Sampler sampler = new Sampler(settings, vocabulary);
        Distribution p = new Distribution();
        sampler.distribution(target[0], p);
        Distribution q = new Distribution();
        sampler.distribution(draft[0], q);
        double overlap = 0;
        for (int i = 0; i < p.size(); i++) {
            overlap += Math.min(p.weight(i), q.probability(p.token(i)));
        }
        return overlap;
    }

    /** Each run drafts and verifies once, and adds what it emits to the sampler's history. */
    private Runnable rounds(Sampler sampler, Rule rule, Drafting drafting, int depth) {
        Drafter.Session session = drafting.apply(context(sampler, depth));
        DraftTree tree = new DraftTree();
        Distribution spare = new Distribution();
        TokenHistory history = sampler.history();
        return () -> {
            tree.begin(history.token(history.size() - 1), depth, 64, _ -> false);
            int length = history.size();
            session.propose(tree);
            history.truncate(length);
            int last = DraftTree.NONE;
            int node = DraftTree.ROOT;
            while (node != DraftTree.NONE) {
                last = node;
                node = tree.child(node, rule.next(tree, node, n -> target[tree.token(n)], sampler, spare));
            }
            session.verified(round(tree, last));
        };
    }

    @SuppressWarnings("NullAway") // a table puts out nothing else
    private static Verification round(DraftTree tree, int last) {
        return new Verification(tree, null, last, 0, 0);
    }

    /** The probabilities of all texts of {@link #TOKENS} tokens that begin with the sampler's history. */
    private void expect(Sampler sampler, int cell, double probability, double[] into) {
        int length = sampler.history().size();
        if (length > TOKENS) {
            into[cell] = probability;
            return;
        }
        Distribution next = new Distribution();
        sampler.distribution(target[sampler.history().token(length - 1)], next);
        for (int i = 0; i < next.size(); i++) {
            sampler.history().add(next.token(i));
            expect(sampler, cell * vocabulary + next.token(i), probability * next.weight(i), into);
            sampler.history().truncate(length);
        }
    }

    static double zScore(int[] counts, double[] expected, int draws) {
        double statistic = 0;
        int cells = 0;
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] > 0) {
                double mean = draws * expected[i];
                statistic += (counts[i] - mean) * (counts[i] - mean) / mean;
                cells++;
            } else if (counts[i] > 0) {
                return Double.POSITIVE_INFINITY;
            }
        }
        return (statistic - (cells - 1)) / Math.sqrt(2.0 * (cells - 1));
    }

    @SuppressWarnings("NullAway") // a table needs no target
    Drafter.Context context(Sampler sampler, int depth) {
        return new Drafter.Context(null, null, sampler, DraftLength.fixed(depth));
    }

    /** The draft's table as a predictor. */
    Predictor predictor() {
        return new Predictor() {
            private final TokenTree candidates = new TokenTree();
            private int pending;

            @Override
            public boolean catchUp(TokenHistory history) {
                pending = history.token(history.size() - 1);
                candidates.clear();
                return true;
            }

            @Override
            public TokenTree candidates() {
                return candidates;
            }

            @Override
            public boolean evaluate() {
                return true;
            }

            @Override
            public MemorySegment after(int node) {
                return draft[node == TokenTree.ROOT ? pending : candidates.token(node)];
            }

            @Override
            public long passes() {
                return 0;
            }

            @Override
            public void close() {}
        };
    }

    /** The target's logits after a token. */
    MemorySegment targetAfter(int token) {
        return target[token];
    }

    /** The draft's logits after a token. */
    MemorySegment draftAfter(int token) {
        return draft[token];
    }
}
