package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a search by hand. */
class SuffixAutomatonTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10})
    void matchesAreTheLongestAndTheirFirst(int vocabulary) {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            SuffixAutomaton automaton = new SuffixAutomaton();
            List<Integer> text = new ArrayList<>();
            for (int i = 0; i < 120; i++) {
                int token = random.nextInt(vocabulary);
                text.add(token);
                automaton.add(token);
                int length = longest(text);
                assertThat(automaton.matchLength()).isEqualTo(length);
                if (length > 0) {
                    int first = Collections.indexOfSubList(text, text.subList(text.size() - length, text.size()));
                    assertThat(automaton.matchEnd()).isEqualTo(first + length);
                }
            }
            assertThat(automaton.size()).isEqualTo(120);
        }
    }

    private static int longest(List<Integer> text) {
        int length = text.size() - 1;
        while (Collections.indexOfSubList(text, text.subList(text.size() - length, text.size()))
                == text.size() - length) {
            length--;
        }
        return length;
    }
}
