package dev.demotic.runtime.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.demotic.runtime.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FeedbackRoundingTest {
    private static final int WIDTH = 96;
    private static final int ROWS = 300;

    private final Random random = new Random(3);

    @Test
    void sumsOuterProducts() {
        float[] rows = correlated();
        double[][] sums = momentOf(rows).upperTriangle();
        for (int i = 0; i < WIDTH; i++) {
            for (int j = i; j < WIDTH; j++) {
                double expected = 0;
                for (int row = 0; row < ROWS; row++) {
                    expected += (double) rows[row * WIDTH + i] * rows[row * WIDTH + j];
                }
                assertThat(sums[i][j]).isCloseTo(expected, within(1e-2));
            }
        }
    }

    /** U D Uᵀ is the second moment again, but for the damping on its diagonal. */
    @Test
    void factorsTheMoment() {
        SecondMoment moment = momentOf(correlated());
        Feedback feedback = Feedback.of(moment).orElseThrow();
        double[][] wanted = moment.upperTriangle();
        double damping = product(feedback, 0, 0) - wanted[0][0];
        assertThat(damping).isPositive();
        for (int i = 0; i < WIDTH; i++) {
            for (int j = i; j < WIDTH; j++) {
                double expected = wanted[i][j] + (i == j ? damping : 0);
                assertThat(product(feedback, i, j)).isCloseTo(expected, within(1e-5 * wanted[0][0] + 1e-2));
            }
        }
    }

    @Test
    void knowsNothingWhereAllWasZero() {
        assertThat(Feedback.of(momentOf(new float[ROWS * WIDTH]))).isEmpty();
    }

    /** What the rounded rows put out on the text errs less than half as much as with plain rounding, squared. */
    @Test
    void errsLessThanPlainRounding() {
        float[] inputs = correlated();
        Feedback feedback = Feedback.of(momentOf(inputs)).orElseThrow();
        double plain = 0;
        double fedBack = 0;
        for (int i = 0; i < 20; i++) {
            float[] weights = gaussian(WIDTH);
            plain += outputError(inputs, weights, plain(weights));
            fedBack += outputError(inputs, weights, decoded(rounded(feedback, weights)));
        }
        assertThat(fedBack).isLessThan(0.5 * plain);
    }

    @Test
    void staysNearTheWeights() {
        Feedback feedback = Feedback.of(momentOf(correlated())).orElseThrow();
        float[] weights = gaussian(WIDTH);
        byte[] blocks = rounded(feedback, weights);
        float[] values = decoded(blocks);
        for (int i = 0; i < WIDTH; i++) {
            assertThat(values[i]).isCloseTo(weights[i], within(0.2f));
            assertThat(blocks[i / 32 * 34 + 2 + i % 32]).isGreaterThan(Byte.MIN_VALUE);
        }
        assertThat(rounded(feedback, weights)).isEqualTo(blocks);
    }

    @Test
    void keepsZerosAndTinyWeightsFinite() {
        Feedback feedback = Feedback.of(momentOf(correlated())).orElseThrow();
        assertThat(decoded(rounded(feedback, new float[WIDTH]))).containsOnly(0);
        float[] tiny = new float[WIDTH];
        tiny[5] = 1e-9f;
        assertThat(decoded(rounded(feedback, tiny))).containsOnly(0);
    }

    private static double outputError(float[] inputs, float[] weights, float[] roundedWeights) {
        double sum = 0;
        for (int row = 0; row < ROWS; row++) {
            double error = 0;
            for (int i = 0; i < WIDTH; i++) {
                error += inputs[row * WIDTH + i] * (double) (weights[i] - roundedWeights[i]);
            }
            sum += error * error;
        }
        return sum;
    }

    private static double product(Feedback feedback, int i, int j) {
        double sum = 0;
        for (int k = j; k < WIDTH; k++) {
            sum += u(feedback, i, k) * u(feedback, j, k) * feedback.cost(k);
        }
        return sum;
    }

    private static double u(Feedback feedback, int row, int column) {
        int first = column / 32 * 32;
        return row == column ? 1 : feedback.panel(first)[row * 32 + column - first];
    }

    private static SecondMoment momentOf(float[] rows) {
        SecondMoment moment = new SecondMoment(WIDTH);
        moment.add(rows, ROWS);
        return moment;
    }

    private static byte[] rounded(Feedback feedback, float[] weights) {
        byte[] blocks = new byte[(int) TensorType.Q8_0.bytes(WIDTH)];
        new FeedbackRounding(feedback).round(weights, 0, blocks, 0);
        return blocks;
    }

    private static float[] plain(float[] weights) {
        byte[] blocks = new byte[(int) TensorType.Q8_0.bytes(WIDTH)];
        TensorType.Q8_0.quantize(weights, 0, MemorySegment.ofArray(blocks), 0, WIDTH);
        return decoded(blocks);
    }

    private static float[] decoded(byte[] blocks) {
        float[] values = new float[WIDTH];
        TensorType.Q8_0.dequantize(MemorySegment.ofArray(blocks), 0, values, 0, WIDTH);
        return values;
    }

    /** Rows that share a mean and a few directions, as a model's do. */
    private float[] correlated() {
        float[] mean = gaussian(WIDTH);
        float[] direction = gaussian(WIDTH);
        float[] rows = gaussian(ROWS * WIDTH);
        for (int row = 0; row < ROWS; row++) {
            float share = (float) random.nextGaussian();
            for (int i = 0; i < WIDTH; i++) {
                rows[row * WIDTH + i] = 0.3f * rows[row * WIDTH + i] + mean[i] + share * direction[i];
            }
        }
        return rows;
    }

    private float[] gaussian(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
