package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import java.util.PriorityQueue;

/**
 * Guesses what the target last found likely after each token, as {@link TokenRecycling} does, in a tree that takes the best
 * chances first.
 *
 * <p>It reads the logits of what was emitted in every round, those of rejected tokens only after rounds that it guessed in.
 */
final class RecyclingGuesser implements Guesser {
    private final Successors successors;
    private final GuessChances chances;
    private final DraftCost cost;
    private final TopLogits top = new TopLogits(Successors.MOST);

    /** @param cost of its look through the table, which is its pass */
    RecyclingGuesser(Successors successors, GuessChances chances, DraftCost cost) {
        this.cost = cost;
        this.successors = successors;
        this.chances = chances;
    }

    private record Place(int parent, Successors.Row row, int rank, double chance) {}

    @Override
    public int grow(PricedTree tree, TokenHistory history) {
        long began = System.nanoTime();
        fill(tree);
        cost.passed(1, (double) (System.nanoTime() - began));
        return 1;
    }

    private void fill(PricedTree tree) {
        PriorityQueue<Place> open = new PriorityQueue<>((a, b) -> Double.compare(b.chance(), a.chance()));
        open(open, tree, DraftTree.ROOT);
        while (!open.isEmpty()) {
            Place best = open.remove();
            int node = tree.offer(best.parent(), best.row().tokens()[best.rank()], best.chance());
            if (best.chance() <= tree.price()) {
                return;
            }
            open(open, tree, best.parent(), best.row(), best.rank() + 1);
            if (node != DraftTree.NONE) {
                open(open, tree, node);
            }
        }
    }

    private void open(PriorityQueue<Place> open, PricedTree tree, int node) {
        Successors.Row row = successors.of(tree.token(node));
        if (row != null) {
            open(open, tree, node, row, 0);
        }
    }

    private void open(PriorityQueue<Place> open, PricedTree tree, int parent, Successors.Row row, int rank) {
        if (rank < row.tokens().length && tree.mayGrow(parent)) {
            open.add(new Place(parent, row, rank, tree.chance(parent) * chances.of(row.grades()[rank])));
        }
    }

    @Override
    public void verified(Verification round, boolean guessed) {
        DraftTree tree = round.tree();
        int next = DraftTree.NONE;
        for (int node = round.last(); node != DraftTree.NONE; next = node, node = parent(tree, node)) {
            Successors.Row before = successors.of(tree.token(node));
            Successors.Row after =
                    successors.learn(tree.token(node), round.outputs().logits(node), top);
            int token = next == DraftTree.NONE ? after.tokens()[0] : tree.token(next);
            for (int rank = 0; before != null && rank < before.tokens().length; rank++) {
                chances.learn(before.grades()[rank], before.tokens()[rank] == token, 1);
            }
        }
        for (int node = 1; guessed && node < tree.size(); node++) {
            successors.learn(tree.token(node), round.outputs().logits(node), top);
        }
    }

    private static int parent(DraftTree tree, int node) {
        return node == DraftTree.ROOT ? DraftTree.NONE : tree.parent(node);
    }
}
