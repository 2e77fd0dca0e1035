package dev.demotic.runtime.calibration;

import static dev.demotic.runtime.calibration.SecondMoment.TILE;

import java.util.Optional;

/**
 * How the error of each column is made up for by the columns after it: H = U D Uᵀ with a unit upper triangular U, where H is the
 * second moment of what the matrix reads.
 *
 * <p>If column k takes what is nearest to w[k] + Σ (w − q)[j] U[j][k] over the columns j before it, the error of the whole row is
 * Σ D[k] r[k]², r[k] what that rounding leaves (Chee et al., QuIP, 2023, who show that this is what Frantar et al., GPTQ, 2022, computes).
 */
final class Feedback {
    /** The mean of H's diagonal that is added to the diagonal: what the text did not show may still come. */
    private static final double DAMPING = 0.1;

    private final int width;
    /** U by block of 32 columns: in each, row after row of 32 floats, down to the diagonal. */
    private final float[][] panels;

    private final float[] costs;

    private Feedback(int width, float[][] panels, float[] costs) {
        this.width = width;
        this.panels = panels;
        this.costs = costs;
    }

    /** Empty where all that the matrix read was 0, so that no error matters more than another. */
    static Optional<Feedback> of(SecondMoment moment) {
        int width = moment.width();
        double[][] a = moment.upperTriangle();
        double trace = 0;
        for (int i = 0; i < width; i++) {
            trace += a[i][i];
        }
        if (!(trace > 0)) {
            return Optional.empty();
        }
        for (int i = 0; i < width; i++) {
            a[i][i] += DAMPING * trace / width;
        }
        double[] d = new double[width];
        for (int first = width - TILE; first >= 0; first -= TILE) {
            subtractLater(a, d, first);
            factorBlock(a, d, first);
        }
        return Optional.of(new Feedback(width, panels(a, width), floats(d)));
    }

    /** Takes what the columns after a block explain out of the block's columns. */
    private static void subtractLater(double[][] a, double[] d, int first) {
        int next = first + TILE;
        double[][] scaled = new double[a.length - next][TILE];
        for (int m = next; m < a.length; m++) {
            for (int c = 0; c < TILE; c++) {
                scaled[m - next][c] = a[first + c][m] * d[m];
            }
        }
        double[] block = new double[TILE];
        for (int j = 0; j < next; j++) {
            double[] row = a[j];
            System.arraycopy(row, first, block, 0, TILE);
            for (int m = next; m < row.length; m++) {
                double factor = row[m];
                double[] column = scaled[m - next];
                for (int c = 0; c < TILE; c++) {
                    block[c] -= factor * column[c];
                }
            }
            System.arraycopy(block, 0, row, first, TILE);
        }
    }

    /** Factors the columns of a block, the last one first. */
    private static void factorBlock(double[][] a, double[] d, int first) {
        for (int k = first + TILE - 1; k >= first; k--) {
            d[k] = a[k][k];
            // Rows from the bottom: those of the block are done before any row needs them.
            for (int j = k - 1; j >= 0; j--) {
                double product = a[j][k];
                a[j][k] = product / d[k];
                for (int m = Math.max(first, j); m < k; m++) {
                    a[j][m] -= product * a[m][k];
                }
            }
        }
    }

    private static float[][] panels(double[][] u, int width) {
        float[][] panels = new float[width / TILE][];
        for (int panel = 0; panel < panels.length; panel++) {
            int first = panel * TILE;
            panels[panel] = new float[(first + TILE) * TILE];
            for (int j = 0; j < first + TILE; j++) {
                for (int c = Math.max(0, j - first + 1); c < TILE; c++) {
                    panels[panel][j * TILE + c] = (float) u[j][first + c];
                }
            }
        }
        return panels;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Floats in a row of the matrix. */
    int width() {
        return width;
    }

    /** U[j][first + c] at j · 32 + c, for the block of columns that starts at {@code first}; 0 on and below the diagonal. */
    float[] panel(int first) {
        return panels[first / TILE];
    }

    /** What a squared error of 1 in a column costs after all columns before it: the diagonal of D. */
    float cost(int column) {
        return costs[column];
    }
}
