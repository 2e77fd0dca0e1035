package dev.demotic.runtime.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.Norm;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs a mixture of experts: routes each row, then gives each expert all rows that chose it.
 *
 * <p>A row's experts are added up in the order of their numbers, whoever else is in the step.
 */
final class Experts {
    /** Adds what one expert makes of gathered rows. */
    @FunctionalInterface
    interface Expert {
        void run(Block.GatedMlp expert, Buffer input, int rows, @Nullable Norm norm, Buffer sum);
    }

    private final Backend backend;
    private final List<Buffer> scores;
    private final Buffer gathered;
    private final Buffer produced;
    /** The share of each expert in each row, 0 where it was not chosen: [row][expert]. */
    private final float[] shares;

    private final int[] chosenRows;
    private final float[] chosenShares;

    Experts(Backend backend, int maxRows, int width, int experts) {
        this.backend = backend;
        int rows = experts == 0 ? 0 : maxRows;
        scores = experts == 0 ? List.of() : List.of(backend.allocate(rows, experts));
        gathered = backend.allocate(rows, width);
        produced = backend.allocate(rows, width);
        shares = new float[rows * experts];
        chosenRows = new int[rows];
        chosenShares = new float[rows];
    }

    void run(Block.MixtureOfExperts moe, Buffer input, int rows, Buffer sum, Expert expert) {
        if (scores.isEmpty()) {
            throw new IllegalStateException("the model was opened without experts");
        }
        int count = moe.experts().size();
        backend.project(input, rows, null, moe.router(), scores);
        backend.await();
        for (int row = 0; row < rows; row++) {
            route(moe, scores.getFirst(), row, count);
        }
        for (int e = 0; e < count; e++) {
            int chosen = 0;
            for (int row = 0; row < rows; row++) {
                float share = shares[row * count + e];
                if (share != 0) {
                    chosenRows[chosen] = row;
                    chosenShares[chosen++] = share;
                }
            }
            if (chosen > 0) {
                backend.gather(input, chosenRows, chosen, gathered);
                backend.clear(produced, chosen);
                expert.run(moe.experts().get(e), gathered, chosen, null, produced);
                backend.addWeighted(sum, chosenRows, chosenShares, produced, chosen);
            }
        }
    }

    /** Softmax over all experts, then the highest {@code used} of them; the lower number wins a tie. */
    private void route(Block.MixtureOfExperts moe, Buffer scores, int row, int count) {
        int at = row * count;
        double max = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < count; e++) {
            max = Math.max(max, score(scores, row, e));
        }
        double total = 0;
        for (int e = 0; e < count; e++) {
            total += StrictMath.exp(score(scores, row, e) - max);
        }
        double kept = 0;
        java.util.Arrays.fill(shares, at, at + count, 0);
        for (int i = 0; i < moe.used(); i++) {
            int best = -1;
            for (int e = 0; e < count; e++) {
                if (shares[at + e] == 0 && (best < 0 || score(scores, row, e) > score(scores, row, best))) {
                    best = e;
                }
            }
            // A share that underflows is kept above zero, the mark of an expert that was not chosen.
            double share = Math.max(StrictMath.exp(score(scores, row, best) - max) / total, Float.MIN_NORMAL);
            shares[at + best] = (float) share;
            kept += share;
        }
        if (moe.normalized()) {
            for (int e = 0; e < count; e++) {
                shares[at + e] = (float) (shares[at + e] / kept);
            }
        }
    }

    private static float score(Buffer scores, int row, int expert) {
        return scores.memory().get(JAVA_FLOAT, row * scores.stride() + 4L * expert);
    }
}
