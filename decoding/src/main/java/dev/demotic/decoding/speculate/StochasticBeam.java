package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Distribution;
import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * A tree of the same number of nodes at every level: whole paths are drawn without replacement, so unlikely branches die early.
 *
 * <p>W. Jeon et al., "Recursive Speculative Decoding", 2024, arXiv 2402.14160 (RSD-S); its stochastic beam search is by W. Kool et al.,
 * "Stochastic Beams and Where to Find Them", ICML 2019, arXiv 1903.06059. A path's score is its log probability plus Gumbel
 * noise, under the condition that the best child of a node has the node's own score; a level keeps the paths with the highest
 * scores. At temperature 0 there is no noise, and this is beam search.
 *
 * <p>The paper draws noise for every token and sorts. Here a node's children come one at a time, by falling score, as in the
 * top-down construction of C. Maddison et al., "A* Sampling", 2014, arXiv 1411.0030: the law is the same, two random numbers a
 * child are enough, and one sees why the draft stays exact. Whether a child comes at all is settled by its score, which hangs
 * on the siblings drawn before it, but not on which token it is.
 *
 * @param width nodes of a level
 * @param depth levels; the draft length may cut it short
 */
public record StochasticBeam(int width, int depth) implements TreeShape {
    public StochasticBeam {
        if (width < 1 || depth < 1) {
            throw new DemoticException(
                    "a beam of width %d and depth %d is empty; both must be 1 or more".formatted(width, depth));
        }
        TreeShape.requireRoom((long) width * depth + 1);
    }

    /**
     * A path that a level kept.
     *
     * @param node the end of it
     * @param logProbability of the path
     * @param score the same with noise
     */
    private record Path(int node, double logProbability, double score) {}

    /** A child of a path that the level before kept: a level keeps the best. */
    private record Offer(Children from, int token, double logProbability, double score) {}

    /** The children of a path by falling score, one at a time. */
    private interface Children {
        Path path();

        /** The next child, if there is one; the one before it, if any, is in the tree by now. */
        @Nullable Offer next();
    }

    @Override
    public void grow(DraftTree tree, Predictor predictor, Drafter.Context context) {
        Sampler sampler = context.sampler();
        int length = sampler.history().size();
        int levels = Math.min(depth, tree.maxDepth());
        Distribution spare = new Distribution();
        List<Path> beam = List.of(new Path(DraftTree.ROOT, 0, 0));
        for (int level = 1; level <= levels; level++) {
            List<Children> families = new ArrayList<>();
            for (Path path : beam) {
                if (tree.mayGrow(path.node())) {
                    // Node n of the tree is candidate n - 1 of the predictor.
                    predictor.enter(path.node() - 1, sampler.history(), length);
                    MemorySegment logits = predictor.after(path.node() - 1);
                    families.add(
                            sampler.settings().isGreedy()
                                    ? new Ranked(path, logits, sampler, width)
                                    : new Drawn(path, logits, sampler, tree, spare));
                }
            }
            int first = tree.size();
            beam = best(tree, families);
            if (beam.isEmpty() || level == levels || !TreeShape.evaluate(tree, first, predictor)) {
                return;
            }
        }
    }

    /** Adds the best children to the tree. Siblings enter it by falling score, which is the order in which they were drawn. */
    private List<Path> best(DraftTree tree, List<Children> families) {
        PriorityQueue<Offer> offers = new PriorityQueue<>(Comparator.comparingDouble((Offer offer) -> -offer.score())
                .thenComparingInt(offer -> offer.from().path().node()));
        families.stream().map(Children::next).filter(Objects::nonNull).forEach(offers::add);
        List<Path> kept = new ArrayList<>();
        while (kept.size() < width && !offers.isEmpty()) {
            Offer best = offers.remove();
            int node = tree.add(best.from().path().node(), best.token());
            if (node == DraftTree.NONE) {
                break;
            }
            kept.add(new Path(node, best.logProbability(), best.score()));
            Offer next = kept.size() < width ? best.from().next() : null;
            if (next != null) {
                offers.add(next);
            }
        }
        return kept;
    }

    /** At temperature 0: the most likely first, and no noise. */
    private static final class Ranked implements Children {
        private final Path path;
        private final Distribution likely = new Distribution();
        private int given;

        Ranked(Path path, MemorySegment logits, Sampler sampler, int width) {
            this.path = path;
            sampler.mostLikely(logits, width, likely);
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public @Nullable Offer next() {
            if (given == likely.size()) {
                return null;
            }
            double score = path.logProbability() + Math.log(likely.weight(given));
            return new Offer(this, likely.token(given++), score, score);
        }
    }

    /**
     * Draws without replacement.
     *
     * <p>Let tokens ring at exponentially distributed times, the more likely ones earlier: then the first to ring is a draw, the
     * second a draw without the first, and so on, and minus the logarithms of these times are Gumbel scores. From one ring
     * to the next passes an exponentially distributed time whose rate is the probability of all tokens that are left.
     */
    private static final class Drawn implements Children {
        private final Path path;
        private final Sampler sampler;
        private final DraftTree tree;
        private final Distribution q;
        private final Distribution left;
        private double score;

        Drawn(Path path, MemorySegment logits, Sampler sampler, DraftTree tree, Distribution spare) {
            this.path = path;
            this.sampler = sampler;
            this.tree = tree;
            q = tree.draw(path.node(), Drawing.WITHOUT_REPLACEMENT);
            sampler.distribution(logits, q);
            left = spare;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public @Nullable Offer next() {
            left.copy(q);
            double mass = 1;
            int child = tree.firstChild(path.node());
            boolean isFirst = child == DraftTree.NONE;
            for (; child != DraftTree.NONE; child = tree.nextSibling(child)) {
                mass -= q.probability(tree.token(child));
                if (!left.remove(tree.token(child))) {
                    return null;
                }
            }
            score = isFirst
                    ? path.score()
                    : below(score, path.logProbability() + Math.log(Math.max(mass, Double.MIN_NORMAL)));
            int token = sampler.draw(left);
            return new Offer(this, token, path.logProbability() + Math.log(q.probability(token)), score);
        }

        /** The highest of the Gumbel scores around {@code location} that are below {@code limit}. */
        private double below(double limit, double location) {
            double logWait = Math.log(-Math.log1p(-sampler.uniform())) - location;
            double earlier = Math.min(-limit, logWait);
            double later = Math.max(-limit, logWait);
            return -(later + Math.log1p(Math.exp(earlier - later)));
        }
    }
}
