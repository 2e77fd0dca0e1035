package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.TokenTree;

/**
 * Guesses by a draft model: a chain of its most likely tokens, as long as the next one promises more than a pass costs, and beside
 * them second and third choices, which cost no pass of their own.
 *
 * <p>Point masses all, so that nothing is drawn and a seed's text does not hang on them.
 */
final class ModelGuesser implements Guesser {
    private static final int CHOICES = 3;
    /** A pass that took longer than this many times the expected was held up by something else. */
    private static final double LONGEST = 3;

    private final Predictor predictor;
    private final GuessChances chances;
    private final TopLogits top = new TopLogits(CHOICES);
    private final int vocabulary;

    /** By depth of the last chain: choices, and their grades. */
    private int[][] choices = new int[8][CHOICES];

    private int[][] grades = new int[8][CHOICES];
    private int depth;
    private int guessedFrom;

    private double passNanos;
    private double typicalChance = 0.7;

    ModelGuesser(Predictor predictor, GuessChances chances, int vocabulary) {
        this.predictor = predictor;
        this.chances = chances;
        this.vocabulary = vocabulary;
    }

    @Override
    public void grow(PricedTree tree, TokenHistory history) {
        depth = 0;
        guessedFrom = history.size();
        if (!predictor.catchUp(history)) {
            return;
        }
        int node = DraftTree.ROOT;
        int candidate = TokenTree.ROOT;
        while (true) {
            top.of(predictor.after(candidate), vocabulary);
            note();
            double chance = chances.of(grades[depth - 1][0]);
            typicalChance += 0.05 * (chance - typicalChance);
            int child = tree.offer(node, top.token(0), tree.chance(node) * chance);
            for (int rank = 1; rank < top.size(); rank++) {
                double other = chances.of(grades[depth - 1][rank]);
                tree.offerLater(node, top.token(rank), tree.chance(node) * other);
            }
            if (child == DraftTree.NONE || !isWorthAPass(tree, child)) {
                break;
            }
            candidate = predictor.candidates().add(top.token(0), candidate);
            if (!evaluate()) {
                break;
            }
            node = child;
        }
        tree.takeOffers();
    }

    private boolean isWorthAPass(PricedTree tree, int node) {
        double promise = tree.chance(node) * typicalChance;
        return tree.mayGrow(node) && promise > tree.prices().priceOf(passNanos) + tree.price();
    }

    private boolean evaluate() {
        long began = System.nanoTime();
        boolean done = predictor.evaluate();
        double nanos = (double) (System.nanoTime() - began);
        passNanos = passNanos == 0 ? nanos : passNanos + 0.1 * (Math.min(nanos, LONGEST * passNanos) - passNanos);
        return done;
    }

    /** Notes the choices at this depth, to learn from what becomes of them. */
    private void note() {
        if (depth == choices.length) {
            choices = java.util.Arrays.copyOf(choices, 2 * depth);
            grades = java.util.Arrays.copyOf(grades, 2 * depth);
            for (int i = depth; i < choices.length; i++) {
                choices[i] = new int[CHOICES];
                grades[i] = new int[CHOICES];
            }
        }
        for (int rank = 0; rank < top.size(); rank++) {
            choices[depth][rank] = top.token(rank);
            grades[depth][rank] = Sureness.grade(rank, top.gap(rank));
        }
        depth++;
    }

    @Override
    public void settle(TokenHistory history) {
        for (int i = 0; i < depth && guessedFrom + i < history.size(); i++) {
            int token = history.token(guessedFrom + i);
            for (int rank = 0; rank < top.size(); rank++) {
                chances.learn(grades[i][rank], choices[i][rank] == token, 1);
            }
            if (choices[i][0] != token) {
                break; // the deeper ones were guesses about another text
            }
        }
        depth = 0;
    }

    @Override
    public void verified(Verification round, boolean guessed) {
        predictor.verified(round);
    }

    @Override
    public long passes() {
        return predictor.passes();
    }

    @Override
    public void close() {
        predictor.close();
    }
}
