package dev.demotic.runtime.calibration;

import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The sum of x xᵀ over the rows x that a matrix reads: an error e in a row of its weights costs eᵀ (Σ x xᵀ) e.
 *
 * <p>Kept in tiles of 32 by 32, those on and above the diagonal. Each element adds up in the order of the rows, whatever the number of
 * threads, so that the same rows give the same bits.
 */
final class SecondMoment {
    static final int TILE = 32;
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    /** Rows of a tile that are summed together: so many sums stay in registers. */
    private static final int TOGETHER = 8;

    private final int width;
    /** By tile row and tile column, from the diagonal on. */
    private final float[][][] tiles;

    /** @param width floats in a row; a multiple of {@link #TILE} */
    SecondMoment(int width) {
        this.width = width;
        int count = width / TILE;
        tiles = new float[count][][];
        for (int i = 0; i < count; i++) {
            tiles[i] = new float[count - i][TILE * TILE];
        }
    }

    /** Bytes that a sum for rows of this width takes. */
    static long bytes(int width) {
        return 2L * width * (width + TILE);
    }

    int width() {
        return width;
    }

    /** Adds rows that follow each other in {@code values}. */
    void add(float[] values, int rows) {
        float[][] panels = new float[width / TILE][rows * TILE];
        for (int row = 0; row < rows; row++) {
            for (int panel = 0; panel < panels.length; panel++) {
                System.arraycopy(values, row * width + panel * TILE, panels[panel], row * TILE, TILE);
            }
        }
        IntStream.range(0, panels.length).parallel().forEach(i -> {
            for (int j = i; j < panels.length; j++) {
                add(panels[i], panels[j], rows, tiles[i][j - i]);
            }
        });
    }

    private static void add(float[] left, float[] right, int rows, float[] tile) {
        for (int i = 0; i < TILE; i += TOGETHER) {
            for (int j = 0; j < TILE; j += SPECIES.length()) {
                add(left, i, right, j, rows, tile);
            }
        }
    }

    private static void add(float[] left, int i, float[] right, int j, int rows, float[] tile) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        FloatVector e = a;
        FloatVector f = a;
        FloatVector g = a;
        FloatVector h = a;
        for (int at = 0; at < rows * TILE; at += TILE) {
            FloatVector x = FloatVector.fromArray(SPECIES, right, at + j);
            a = x.fma(FloatVector.broadcast(SPECIES, left[at + i]), a);
            b = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 1]), b);
            c = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 2]), c);
            d = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 3]), d);
            e = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 4]), e);
            f = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 5]), f);
            g = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 6]), g);
            h = x.fma(FloatVector.broadcast(SPECIES, left[at + i + 7]), h);
        }
        int at = i * TILE + j;
        for (FloatVector sum : new FloatVector[] {a, b, c, d, e, f, g, h}) {
            sum.add(FloatVector.fromArray(SPECIES, tile, at)).intoArray(tile, at);
            at += TILE;
        }
    }

    /** The upper triangle, row by row; what lies below the diagonal is 0 outside the diagonal's tiles. */
    double[][] upperTriangle() {
        double[][] rows = new double[width][width];
        for (int i = 0; i < width; i++) {
            float[][] tileRow = tiles[i / TILE];
            for (int j = i / TILE * TILE; j < width; j++) {
                rows[i][j] = tileRow[j / TILE - i / TILE][i % TILE * TILE + j % TILE];
            }
        }
        return rows;
    }
}
