package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CeilingTest {
    @Test
    void takesTheMiddleOfSortedValues() {
        assertThat(SpeedTest.median(new double[] {9, 1, 5})).isEqualTo(5);
        assertThat(SpeedTest.median(new double[] {4, 1, 2, 9})).isEqualTo(3);
    }

    @Test
    void measuresWhatAMachineOfTodayCanDo() {
        assertThat(Ceiling.bandwidth(1)).isBetween(1e8, 1e13);
        assertThat(Ceiling.arithmetic(1)).isBetween(1e8, 1e13);
    }

    @Test
    void describesThisMachine() {
        Machine machine = Machine.here();

        assertThat(machine.cpu()).isNotBlank();
        assertThat(machine.cores()).isPositive();
        assertThat(machine.memory()).isPositive();
        assertThat(machine.jvm()).contains(Runtime.version().toString());
    }
}
