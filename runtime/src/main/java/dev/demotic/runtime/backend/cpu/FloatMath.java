package dev.demotic.runtime.backend.cpu;

import dev.demotic.runtime.backend.Activation;

/**
 * Elementary functions in float, by operations that round the same in every compiler and vector width.
 *
 * <p>{@code Math.exp} and the vector library's EXP differ in their last bits, and so would an interpreted from a compiled
 * step; these do not.
 */
@SuppressWarnings("FloatingPointLiteralPrecision") // as published; rounding to float is meant
final class FloatMath {
    static final float LOG2_E = 1.442695041f;
    /** ln 2 in two parts, the first with enough trailing zeros that its product with a small integer is exact. */
    static final float LN2_HIGH = 0.693359375f;

    static final float LN2_LOW = -2.12194440e-4f;
    /** Adding this rounds a float to an integer, which then sits in the low bits of the mantissa. */
    static final float ROUND = 12582912f;

    static final float SMALLEST = -87.3f;
    static final float LARGEST = 88.3f;
    /** Minimax polynomial of (exp(r) - 1 - r) / r² on |r| ≤ ln(2)/2, highest power first (Cephes, expf). */
    static final float[] POLYNOMIAL = {
        1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f
    };

    static final float GELU_LINEAR = 0.7978845608f * 2; // 2 sqrt(2/pi), as sigmoid(2u) = (1 + tanh(u)) / 2
    static final float GELU_CUBIC = 0.044715f;

    private FloatMath() {}

    /** e^x within 2 units in the last place; arguments outside the range of normal floats are clamped to it. */
    static float exp(float x) {
        float clamped = Math.min(Math.max(x, SMALLEST), LARGEST);
        float n = Math.fma(clamped, LOG2_E, ROUND) - ROUND;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, clamped));
        float p = POLYNOMIAL[0];
        for (int i = 1; i < POLYNOMIAL.length; i++) {
            p = Math.fma(p, r, POLYNOMIAL[i]);
        }
        float value = Math.fma(p * r, r, r) + 1;
        return value * Float.intBitsToFloat(((int) n + 127) << 23);
    }

    /** x · sigmoid(u), where u is x itself for SiLU and a cubic of it for GELU. */
    static float activate(Activation activation, float x) {
        float argument = switch (activation) {
            case SILU -> x;
            case GELU_TANH -> geluArgument(x);
        };
        return x / (1 + exp(-argument));
    }

    /** u such that gelu(x) = x · sigmoid(u). */
    static float geluArgument(float x) {
        return GELU_LINEAR * (x * Math.fma(GELU_CUBIC * x, x, 1f));
    }
}
