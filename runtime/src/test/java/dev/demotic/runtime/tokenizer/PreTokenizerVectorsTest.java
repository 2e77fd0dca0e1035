package dev.demotic.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Pre-tokenizers of known models and every other component, against the words that Hugging Face's tokenizers 0.23.2 cuts. */
class PreTokenizerVectorsTest {
    private static final JsonNode FIXTURE = Fixtures.json("pre-tokenizers.json");
    private static final String[] TEXTS = Fixtures.strings(FIXTURE.get("texts"));

    record Component(String name, JsonNode component, JsonNode words) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Component> named() {
        return components("named");
    }

    static Stream<Component> all() {
        return Stream.concat(components("named"), components("other"));
    }

    private static Stream<Component> components(String kind) {
        return StreamSupport.stream(FIXTURE.get(kind).spliterator(), false)
                .map(node -> new Component(node.get("name").stringValue(), node.get("component"), node.get("words")));
    }

    @ParameterizedTest
    @MethodSource("all")
    void cutsAsTheComponentSays(Component component) {
        assertWords(component, TokenizerJson.preTokenizer(component.component));
    }

    @ParameterizedTest
    @MethodSource("named")
    void cutsAsTheNameSays(Component component) {
        assertWords(component, NamedPreTokenizers.of(component.name).preTokenizer());
    }

    private static void assertWords(Component component, PreTokenizer preTokenizer) {
        for (int i = 0; i < TEXTS.length; i++) {
            if (TEXTS[i].isEmpty()) {
                continue;
            }
            List<String> words = new ArrayList<>();
            preTokenizer.split(TEXTS[i], true, (word, first) -> words.add(word));
            words.removeIf(String::isEmpty);
            assertThat(words).as(TEXTS[i]).containsExactly(Fixtures.strings(component.words.get(i)));
        }
    }
}
