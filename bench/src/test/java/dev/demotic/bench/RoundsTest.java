package dev.demotic.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {
    @Test
    void takesTheMiddleOfSortedValues() {
        assertThat(Rounds.median(9, 1, 5)).isEqualTo(5);
        assertThat(Rounds.median(4, 1, 2, 9)).isEqualTo(3);
    }

    @Test
    void measurementsTakeTurns() {
        List<String> order = new ArrayList<>();
        Rounds rounds = new Rounds();
        rounds.add("a", 1, () -> note(order, "a"));
        rounds.add("b", 3, () -> note(order, "b"));

        rounds.run(2, _ -> {});

        assertThat(order).containsExactly("a", "b", "a", "a", "a", "b", "a");
    }

    @Test
    void theWarmUpDoesNotCount() {
        double[] last = {0};
        Rounds rounds = new Rounds();
        Rounds.Series counter = rounds.add("counter", 1, () -> ++last[0]);

        rounds.run(3, _ -> {});

        assertThat(counter.median()).isEqualTo(5); // of 4, 5 and 6
    }

    private static double note(List<String> order, String name) {
        order.add(name);
        return 0;
    }
}
