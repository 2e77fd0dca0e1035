package dev.demotic.decoding.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.decoding.Generation;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every entry of the registry, on the models that Demotic embeds. */
class MethodsTest {
    private static final Path FOLDER = Path.of("../models/src/main/resources/dev/demotic/models");

    private static LanguageModel target;
    private static LanguageModel draft;
    private static int[] plain;

    @BeforeAll
    static void open() {
        ModelOptions options = ModelOptions.defaults().withContext(256).withSequences(2);
        target = LanguageModel.open(FOLDER.resolve("demotic-medium-q8_0.gguf"), options);
        draft = LanguageModel.open(FOLDER.resolve("demotic-small-q8_0.gguf"), options);
        plain = tokens(generation());
    }

    @AfterAll
    static void close() {
        target.close();
        draft.close();
    }

    private static Generation generation() {
        return Generation.with(target).maxTokens(20);
    }

    private static int[] tokens(Generation generation) {
        return generation
                .complete("for (int i = 0; i < n; i++) {\n    for (int")
                .tokens();
    }

    static Stream<Method> methods() {
        return Methods.all().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void worksAsItIsDescribed(Method method) {
        assertThat(method.summary()).isNotBlank().doesNotEndWith(".");
        MethodCall call = MethodCall.parse(method.name());
        Optional<LanguageModel> with = method.draft() == DraftUse.NONE ? Optional.empty() : Optional.of(draft);
        DecodingMethod decoding = call.decoding(target, with);
        int[] tokens = tokens(generation().method(decoding));
        if (method.isLossless()) {
            assertThat(tokens).isEqualTo(plain);
        }
        if (method.draft().isRequired()) {
            assertThatThrownBy(() -> call.decoding(target, Optional.empty()))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("--draft");
        } else if (method.draft() == DraftUse.NONE) {
            assertThatThrownBy(() -> call.decoding(target, Optional.of(draft)))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("has no use for a draft model");
        } else {
            assertThat(tokens(generation().method(call.decoding(target, Optional.empty()))))
                    .isEqualTo(plain);
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void defaultsAreValuesOfTheirParameters(Method method) {
        for (Parameter parameter : method.parameters()) {
            parameter.check(method.name(), parameter.defaultValue());
            assertThat(parameter.description()).isNotBlank();
        }
    }

    @Test
    void namesAreUnique() {
        assertThat(methods().map(Method::name)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "draft | draft",
                "draft:tokens=7 | draft:tokens=7",
                " Lookup : longest = 4 , shortest=2 | lookup:longest=4,shortest=2",
                "tree:branching=3x2,siblings=with | tree:branching=3x2,siblings=with",
                "lenient:lenience=0.25 | lenient:lenience=0.25"
            })
    void readsMethodsWithParameters(String text, String expected) {
        assertThat(MethodCall.parse(text)).hasToString(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "eagle9 | there is no method 'eagle9'; there are plain, auto,",
                "draft:tokens | 'tokens' of --method draft:tokens sets no parameter",
                "draft: | sets no parameter",
                "draft:tokens=5, | sets no parameter",
                "draft:length=5 | method draft has no parameter 'length'; it has tokens",
                "plain:x=1 | method plain has no parameter 'x'; it has none",
                "draft:tokens=0 | '0' is no value for tokens of method draft, which takes a whole number from 1 to 255",
                "draft:tokens=256 | '256' is no value for tokens",
                "draft:tokens=many | 'many' is no value for tokens",
                "draft:tokens=99999999999 | is no value for tokens",
                "draft:tokens=1,tokens=2 | method draft is given tokens twice",
                "tree:branching=3x | '3x' is no value for branching of method tree, which takes whole numbers with x",
                "tree:siblings=some | 'some' is no value for siblings of method tree, which takes without or with or top",
                "lenient:lenience=NaN | 'NaN' is no value for lenience",
                "lenient:lenience=2 | '2' is no value for lenience"
            })
    void refusesInOneSentence(String text, String part) {
        assertThatThrownBy(() -> MethodCall.parse(text))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining(part);
    }

    @Test
    void treesThatNoPassHoldsAreRefused() {
        assertThatThrownBy(() -> MethodCall.parse("tree:branching=9x9x9").decoding(target, Optional.of(draft)))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("larger than the 256 that a pass may have");
    }
}
