package dev.demotic.runtime.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class CeilingsTest {
    @Test
    void measuresWhatAMachineOfTodayCanDo() {
        try (Ceilings ceilings = new Ceilings(2, 1 << 20)) {
            assertThat(ceilings.bandwidth()).isBetween(1e8, 1e13);
            assertThat(ceilings.floatOperations()).isBetween(1e8, 1e14);
            assertThat(ceilings.hasInt8()).isEqualTo(!NativeLibrary.sets().isEmpty());
            if (ceilings.hasInt8()) {
                assertThat(ceilings.int8Operations()).isBetween(1e8, 1e15);
            }
        }
    }

    @Test
    void takesABufferOfAnySize() {
        try (Ceilings none = new Ceilings(3, 0)) {
            assertThat(none.bandwidth()).isPositive();
        }
    }

    /** The result is the sum of one lane, exact for powers of two in any order; float 512 is in that lane for every width. */
    @Test
    void theReadingLoopInJavaReads() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4096, 64);
            for (long i = 0; i < 1024; i++) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, 0.5f);
            }
            double all = VectorLoops.read(memory);
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, 512, 0);

            assertThat(all).isPositive();
            assertThat(VectorLoops.read(memory)).isEqualTo(all - 0.5);
        }
    }

    @Test
    void theArithmeticLoopInJavaConverges() {
        assertThat(VectorLoops.multiplyAdd(0)).isEqualTo(10);
        assertThat(VectorLoops.multiplyAdd(1)).isCloseTo(10 * 1.999, within(1e-4));
    }
}
