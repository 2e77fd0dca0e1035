package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineTest {
    @Test
    void describesThisMachine() {
        Machine machine = Machine.here();

        assertThat(machine.cpu()).isNotBlank();
        assertThat(machine.cores()).isPositive();
        assertThat(machine.memory()).isPositive();
        assertThat(machine.jvm()).contains(Runtime.version().toString());
    }
}
