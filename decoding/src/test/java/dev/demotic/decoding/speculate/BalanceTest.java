package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BalanceTest {
    private final Balance balance = new Balance();

    private int after(double target, double pass) {
        for (int step = 0; step < 60; step++) {
            int tokens = balance.tokens();
            balance.learn(target, tokens * pass, tokens);
        }
        return balance.tokens();
    }

    @Test
    void isTheRatioOfBothSpeedsAndFollowsIt() {
        assertThat(balance.tokens()).isEqualTo(Balance.FIRST);
        assertThat(after(6e-3, 1e-3)).isEqualTo(6);
        assertThat(after(6e-3, 2e-3)).isEqualTo(3);
        assertThat(after(6.6e-3, 1e-3)).isEqualTo(7);
    }

    @Test
    void keepsToLengthsThatMayPay() {
        assertThat(after(1e-3, 5e-3)).isEqualTo(Balance.LEAST);
        assertThat(after(1, 1e-3)).isEqualTo(Balance.MOST);
    }

    @Test
    void aStepWithoutADraftTellsNothing() {
        balance.learn(1, 0, 0);
        assertThat(balance.tokens()).isEqualTo(Balance.FIRST);
    }
}
