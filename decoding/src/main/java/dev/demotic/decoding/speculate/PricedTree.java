package dev.demotic.decoding.speculate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A draft tree that takes only nodes which promise more than their row costs.
 *
 * <p>A node's chance is that of its whole path to come true, hence what it adds to the expected number of tokens.
 */
final class PricedTree {
    private final DraftTree tree;
    private final AutoController prices;
    private double[] chances = new double[32];
    private final List<Offer> later = new ArrayList<>();

    private record Offer(int parent, int token, double chance) {}

    PricedTree(DraftTree tree, AutoController prices) {
        this.tree = tree;
        this.prices = prices;
        chances[DraftTree.ROOT] = 1;
    }

    AutoController prices() {
        return prices;
    }

    int token(int node) {
        return tree.token(node);
    }

    /** The chance that a node's whole path comes true. */
    double chance(int node) {
        return chances[node];
    }

    /** The child that holds a token, or {@link DraftTree#NONE}. */
    int child(int node, int token) {
        return tree.child(node, token);
    }

    /** The chance that a node is reached and none of its children comes true. */
    double open(int node) {
        double left = chances[node];
        for (int child = tree.firstChild(node); child != DraftTree.NONE; child = tree.nextSibling(child)) {
            left -= chances[child];
        }
        return Math.max(0, left);
    }

    /** What the next row costs, in tokens. */
    double price() {
        return prices.priceOfRows(tree.size(), 1);
    }

    /** Adds a node if it is worth its row and there is room; returns it, or {@link DraftTree#NONE}. */
    int offer(int parent, int token, double chance) {
        if (chance <= price()) {
            return DraftTree.NONE;
        }
        int node = tree.add(parent, token);
        if (node != DraftTree.NONE) {
            if (node >= chances.length) {
                chances = Arrays.copyOf(chances, 2 * chances.length);
            }
            chances[node] = chance;
        }
        return node;
    }

    /** Keeps an offer until the tree has what must come first. */
    void offerLater(int parent, int token, double chance) {
        later.add(new Offer(parent, token, chance));
    }

    /** Takes the kept offers, the best first, as far as they are worth it. */
    void takeOffers() {
        later.sort(Comparator.comparingDouble(offer -> -offer.chance()));
        for (Offer offer : later) {
            if (offer(offer.parent(), offer.token(), offer.chance()) == DraftTree.NONE) {
                break;
            }
        }
        later.clear();
    }

    boolean mayGrow(int node) {
        return tree.mayGrow(node);
    }
}
