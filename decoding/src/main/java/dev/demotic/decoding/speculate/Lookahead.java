package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Collects n-grams from Jacobi iterations that the target runs along with each verification, and drafts those that fit.
 *
 * <p>Y. Fu et al., "Break the Sequential Dependency of LLM Inference Using Lookahead Decoding", ICML 2024, arXiv 2402.02057. A window of
 * guesses covers the next positions: level 0 is one guess for each, and the guess of a higher level stands one position after
 * that below it. Level 0 as a chain from the pending token, and the higher levels of each column as a chain from its guess at
 * level 0, are a tree, so no mask of their own is needed. What the target says after the highest level completes one n-gram a
 * column and becomes the new highest level. The draft length must leave the window room: {@link #depth()} tokens.
 *
 * @param columns positions of the window (W)
 * @param size tokens of an n-gram (N)
 * @param drafts n-grams that are verified at once, and kept for each first token (G)
 */
public record Lookahead(int columns, int size, int drafts) implements Drafter {
    public Lookahead {
        if (columns < 1 || size < 2 || drafts < 1) {
            throw new DemoticException(
                    "lookahead with %d columns, n-grams of %d and %d drafts; take at least 1, 2 and 1"
                            .formatted(columns, size, drafts));
        }
        TreeShape.requireRoom(1 + (columns + (long) drafts) * (size - 1));
    }

    /** The setting of its Spec-Bench run: 7 columns, 5-grams, 7 of them verified. */
    public Lookahead() {
        this(7, 5, 7);
    }

    /** Tokens below the pending one on the longest path of the window. */
    public int depth() {
        return columns + size - 2;
    }

    @Override
    public String name() {
        return "lookahead";
    }

    @Override
    public Session begin(Context context) {
        return new Window(context.sampler().history());
    }

    private final class Window implements Session {
        /** By level and column: the guess, and its node in this round's tree. */
        private final int[][] guesses = new int[size - 1][columns];

        private final int[][] nodes = new int[size - 1][columns];
        /** By first token: the rest of n-grams that began with it, the latest first. */
        private final Map<Integer, Deque<int[]>> pool = new HashMap<>();

        private boolean proposed;

        private Window(TokenHistory history) {
            // Anything will do to start with; words of the prompt are as good a guess as any.
            for (int level = 0; level < guesses.length; level++) {
                for (int column = 0; column < columns; column++) {
                    guesses[level][column] = history.token((7 * level + 3 * column) % history.size());
                }
            }
        }

        @Override
        public void propose(DraftTree tree) {
            proposed = true;
            for (int[] rest : pool.getOrDefault(tree.token(DraftTree.ROOT), new ArrayDeque<>())) {
                tree.addChain(DraftTree.ROOT, rest);
            }
            int above = DraftTree.ROOT;
            for (int column = 0; column < columns; column++) {
                above = tree.add(above, guesses[0][column]);
                int node = above;
                nodes[0][column] = node;
                for (int level = 1; level < guesses.length; level++) {
                    node = tree.add(node, guesses[level][column]);
                    nodes[level][column] = node;
                }
            }
        }

        @Override
        public void verified(Verification round) {
            if (!proposed) {
                return; // a round without a draft, or with that of another
            }
            proposed = false;
            int top = guesses.length - 1;
            int[] fresh = new int[columns];
            for (int column = 0; column < columns; column++) {
                int node = nodes[top][column];
                fresh[column] = guesses[top][column];
                if (node != DraftTree.NONE) {
                    fresh[column] = round.outputs().argmax(node);
                    remember(column, fresh[column]);
                }
            }
            System.arraycopy(guesses, 1, guesses, 0, top);
            guesses[top] = fresh;
        }

        private void remember(int column, int last) {
            int[] rest = new int[size - 1];
            for (int level = 1; level < guesses.length; level++) {
                rest[level - 1] = guesses[level][column];
            }
            rest[size - 2] = last;
            Deque<int[]> known = pool.computeIfAbsent(guesses[0][column], _ -> new ArrayDeque<>());
            known.removeIf(other -> Arrays.equals(other, rest));
            known.addFirst(rest);
            if (known.size() > drafts) {
                known.removeLast();
            }
        }
    }
}
