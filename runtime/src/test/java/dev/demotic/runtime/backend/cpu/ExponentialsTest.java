package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ExponentialsTest {
    private final Random random = new Random(5);

    private float[] arguments(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat(-100, 100);
        }
        return x;
    }

    @Test
    void everySetHasTheBitsOfTheScalarFunction() {
        for (NativeLibrary.KernelSet set : NativeLibrary.sets()) {
            for (int n = 1; n < 100; n++) {
                float[] x = arguments(n + 3);
                float[] y = x.clone();
                Exponentials.replace(set, y, n);
                for (int i = 0; i < n; i++) {
                    assertThat(y[i]).as("%s: e^%s", set.name(), x[i]).isEqualTo(FloatMath.exp(x[i]));
                }
                assertThat(y).endsWith(x[n], x[n + 1], x[n + 2]);
            }
        }
    }

    @Test
    void valuesAreWithinTwoUnitsInTheLastPlace() {
        float[] x = arguments(100_000);
        float[] y = x.clone();
        Exponentials.replace(y, y.length);
        for (int i = 0; i < x.length; i++) {
            double exact = Math.exp(Math.clamp(x[i], FloatMath.SMALLEST, FloatMath.LARGEST));
            assertThat((double) y[i]).isCloseTo(exact, within(2 * (double) Math.ulp((float) exact)));
        }
    }

    @Test
    void moreThanTheArrayHoldsIsRefused() {
        assertThatThrownBy(() -> Exponentials.replace(new float[3], 4)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
