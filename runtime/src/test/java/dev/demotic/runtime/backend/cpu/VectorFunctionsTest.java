package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VectorFunctionsTest {
    private final Random random = new Random(5);

    private float[] arguments(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat(-100, 100);
        }
        return x;
    }

    @Test
    void everySetHasTheBitsOfTheScalarExponential() {
        for (NativeLibrary.KernelSet set : NativeLibrary.sets()) {
            for (int n = 1; n < 100; n++) {
                float[] x = arguments(n + 3);
                float[] y = x.clone();
                VectorFunctions.exp(set, y, n);
                for (int i = 0; i < n; i++) {
                    assertThat(y[i]).as("%s: e^%s", set.name(), x[i]).isEqualTo(FloatMath.exp(x[i]));
                }
                assertThat(y).endsWith(x[n], x[n + 1], x[n + 2]);
            }
        }
    }

    @Test
    void exponentialsAreWithinTwoUnitsInTheLastPlace() {
        float[] x = arguments(100_000);
        float[] y = x.clone();
        VectorFunctions.exp(y, y.length);
        for (int i = 0; i < x.length; i++) {
            double exact = Math.exp(Math.clamp(x[i], FloatMath.SMALLEST, FloatMath.LARGEST));
            assertThat((double) y[i]).isCloseTo(exact, within(2 * (double) Math.ulp((float) exact)));
        }
    }

    /** The highest at each place in turn, in memory of the heap and outside it. */
    @Test
    void everySetFindsTheHighest() {
        for (NativeLibrary.KernelSet set : NativeLibrary.sets()) {
            for (int n = 1; n < 140; n++) {
                float[] x = arguments(n + 2);
                x[0] = 1e6f;
                x[n + 1] = 1e6f;
                for (int at = 1; at <= n; at++) {
                    float was = x[at];
                    x[at] = at % 2 == 0 ? 1000 : -0.5f;
                    float highest = Float.NEGATIVE_INFINITY;
                    for (int i = 1; i <= n; i++) {
                        highest = Math.max(highest, x[i]);
                    }
                    MemorySegment outside = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, x);
                    for (MemorySegment memory : List.of(MemorySegment.ofArray(x), outside)) {
                        assertThat(VectorFunctions.highest(set, memory, 1, n + 1))
                                .as("%s, %d floats", set.name(), n)
                                .isEqualTo(highest);
                    }
                    x[at] = was;
                }
            }
        }
    }

    @Test
    void moreThanTheArrayHoldsIsRefused() {
        assertThatThrownBy(() -> VectorFunctions.exp(new float[3], 4)).isInstanceOf(IndexOutOfBoundsException.class);
        MemorySegment three = MemorySegment.ofArray(new float[3]);
        assertThatThrownBy(() -> VectorFunctions.highest(three, 1, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
