package dev.demotic.runtime.format.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubReferenceTest {
    @ParameterizedTest
    @CsvSource({
        "hf:ada/engine, ada, engine, , ",
        "ada/engine, ada, engine, , ",
        "hf:ada/engine:Q8_0, ada, engine, Q8_0, ",
        "hf:ada/engine@v1.0, ada, engine, , v1.0",
        "hf:ada/engine:sub/a b.gguf@refs/pr/1, ada, engine, sub/a b.gguf, refs/pr/1",
        "hf:Ada-L/En.gi_ne-1.5B-GGUF:x.gguf@v1+cu-1, Ada-L, En.gi_ne-1.5B-GGUF, x.gguf, v1+cu-1",
    })
    void readsItsParts(String text, String owner, String name, String file, String revision) {
        HubReference reference = HubReference.parse(text);
        assertThat(reference)
                .isEqualTo(new HubReference(owner, name, Optional.ofNullable(file), Optional.ofNullable(revision)));
        assertThat(HubReference.parse(reference.toString())).isEqualTo(reference);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hf:",
                "engine",
                "hf:engine",
                "/engine",
                "ada/",
                "ada/engine/extra",
                "https://huggingface.co/ada/engine",
                "../engine",
                "ada/..",
                "ada/en..gine",
                "ada/.engine",
                "-ada/engine",
                "ada/engine-",
                "ada/en gine",
                "ada/en\\gine",
                "ada/engine:",
                "ada/engine:../x.gguf",
                "ada/engine:/x.gguf",
                "ada/engine:C:x.gguf",
                "ada/engine@",
                "ada/engine@a..b",
                "ada/engine@-x",
                "ada/engine@/x",
                "ada/engine@v1:x.gguf",
                "ada/engine@a b",
            })
    void refusesWhatIsNone(String text) {
        assertThatThrownBy(() -> HubReference.parse(text))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("; ");
    }

    @Test
    void anyTextIsReadOrRefused() {
        Random random = new Random(5);
        String alphabet = "a/:@.- \n\0\\b/:";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder("hf:");
            for (int length = random.nextInt(12); length > 0; length--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                HubReference reference = HubReference.parse(text.toString());
                assertThat(HubReference.parse(reference.toString())).isEqualTo(reference);
                assertThat(HubReference.isReference(text.toString())).isTrue();
            } catch (DemoticException e) {
                assertThat(e).hasMessageContaining("; ");
            }
        }
    }
}
