package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a search by hand. */
class SuffixAutomatonTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10})
    void matchesAreTheLongestAndEndWhereTheyWere(int vocabulary) {
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
                    int end = automaton.matchEnd();
                    assertThat(end).isBetween(length, text.size() - 1);
                    assertThat(text.subList(end - length, end))
                            .isEqualTo(text.subList(text.size() - length, text.size()));
                }
            }
            assertThat(automaton.size()).isEqualTo(120);
        }
    }

    @Test
    void theLatestOfSeveralPlacesCounts() {
        SuffixAutomaton automaton = new SuffixAutomaton();
        IntStream.of(1, 2, 9, 1, 2, 8, 1, 2, 7, 1, 2).forEach(automaton::add);
        assertThat(automaton.matchLength()).isEqualTo(2);
        assertThat(automaton.matchEnd()).isEqualTo(8);
    }

    @Test
    void longTextsKeepTheirTransitions() {
        SuffixAutomaton automaton = new SuffixAutomaton();
        Random random = new Random(5);
        int[] text = random.ints(5_000, 0, 16_000).toArray();
        IntStream.of(text).forEach(automaton::add);
        IntStream.of(text).limit(40).forEach(automaton::add);
        assertThat(automaton.matchLength()).isEqualTo(40);
        assertThat(automaton.matchEnd()).isEqualTo(40);
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
