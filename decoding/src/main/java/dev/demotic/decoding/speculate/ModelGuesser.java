package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.TokenTree;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Guesses by a draft model: a chain of its most likely tokens, as long as the next one promises more than a pass costs, and beside
 * them second and third choices, which cost no pass of their own.
 *
 * <p>Point masses all, so that nothing is drawn and a seed's text does not hang on them.
 */
final class ModelGuesser implements Guesser {
    private static final int CHOICES = 3;
    /** More unread tokens than a round leaves are a text to be read, not a step to be taken. */
    private static final int BACKLOG = 32;

    private final Supplier<Predictor> source;
    private final int window;
    private final GuessChances chances;
    private final DraftCost cost;
    private final TopLogits top = new TopLogits(CHOICES);
    private final int vocabulary;

    /** By depth of the last chain: choices, and their grades. */
    private int[][] choices = new int[8][CHOICES];

    private int[][] grades = new int[8][CHOICES];
    private int depth;
    private int guessedFrom;

    private double typicalChance = 0.7;
    private @Nullable Predictor opened;

    /**
     * @param source gives the predictor once the first guess is wanted: many a reply ends before
     * @param window the most tokens that the predictor reads at once
     * @param cost of its passes, shared by all replies
     */
    ModelGuesser(Supplier<Predictor> source, int window, GuessChances chances, DraftCost cost, int vocabulary) {
        this.source = source;
        this.window = window;
        this.chances = chances;
        this.cost = cost;
        this.vocabulary = vocabulary;
    }

    @Override
    public double backlogNanos(TokenHistory history) {
        return cost.readingNanos(unread(history));
    }

    private Predictor predictor() {
        if (opened == null) {
            opened = source.get();
        }
        return opened;
    }

    private int unread(TokenHistory history) {
        return Math.min(window, history.size() - guessedFrom);
    }

    @Override
    public int grow(PricedTree tree, TokenHistory history) {
        int unread = unread(history);
        depth = 0;
        guessedFrom = history.size();
        Predictor predictor = predictor();
        long passes = predictor.passes();
        long began = System.nanoTime();
        if (!predictor.catchUp(history)) {
            return 0;
        }
        double nanos = taken(predictor, tree, began);
        if (unread > BACKLOG) {
            cost.read(unread, nanos);
        } else {
            cost.passed(1, nanos);
        }
        draft(predictor, tree);
        predictor.rest();
        return (int) (predictor.passes() - passes);
    }

    private void draft(Predictor predictor, PricedTree tree) {
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
            if (!evaluate(predictor, tree)) {
                break;
            }
            node = child;
        }
        tree.takeOffers();
    }

    private boolean isWorthAPass(PricedTree tree, int node) {
        double promise = tree.chance(node) * typicalChance;
        return tree.mayGrow(node) && promise > tree.prices().priceOf(cost.passNanos()) + tree.price();
    }

    private boolean evaluate(Predictor predictor, PricedTree tree) {
        long began = System.nanoTime();
        boolean done = predictor.evaluate();
        cost.passed(1, taken(predictor, tree, began));
        return done;
    }

    /**
     * What a pass took: the time since it began. In company the next step of the target waits for those that draft, so that time counts
     * for all its sequences, and is shared by those that draft at once.
     */
    private static double taken(Predictor predictor, PricedTree tree, long began) {
        double sequences = tree.prices().sequences();
        double nanos = (double) (System.nanoTime() - began);
        return predictor
                .step()
                .filter(step -> sequences >= AutoController.COMPANY)
                .map(step -> nanos * sequences / Math.max(1, step.decodingSequences()))
                .orElse(nanos);
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
        if (opened != null) {
            opened.verified(round);
        }
    }

    @Override
    public long passes() {
        return opened == null ? 0 : opened.passes();
    }

    @Override
    public void close() {
        if (opened != null) {
            opened.close();
        }
    }
}
