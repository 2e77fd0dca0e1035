package dev.demotic.runtime.format.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelectionTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hf:a/b              | m-Q2_K.gguf m-Q4_K_M.gguf m-Q8_0.gguf | m-Q4_K_M.gguf",
                "hf:a/b              | m-Q2_K.gguf m-q8_0.gguf               | m-q8_0.gguf",
                "hf:a/b              | README.md m.F16.gguf mmproj-m.gguf    | m.F16.gguf",
                "hf:a/b              | m.gguf imatrix_unsloth.gguf           | m.gguf",
                "hf:a/b              | m-Q4_K_M-00001-of-00002.gguf m-Q4_K_M-00002-of-00002.gguf m-Q8_0.gguf | m-Q8_0.gguf",
                "hf:a/b              | m.gguf model.safetensors config.json  | m.gguf",
                "hf:a/b:Q4_K         | m-Q4_K.gguf m-Q4_K_M.gguf m-IQ4_K.gguf | m-Q4_K.gguf",
                "hf:a/b:q4_k_m       | m.Q4_K_M.gguf m.Q4_K_S.gguf           | m.Q4_K_M.gguf",
                "hf:a/b:BF16         | BF16/m.gguf Q8_0/m.gguf               | BF16/m.gguf",
                "hf:a/b:IQ4_XS       | m-IQ4_XS.gguf m-UD-IQ4_XXS.gguf       | m-IQ4_XS.gguf",
                "hf:a/b:m-Q4_0.gguf  | x/m-Q4_0.gguf m-Q4_0.gguf             | m-Q4_0.gguf",
            })
    void choosesTheGgufFile(String reference, String names, String chosen) {
        Selection selection = select(reference, names.split(" "));
        assertThat(selection.gguf()).contains(chosen);
        assertThat(selection.files()).extracting(RepositoryFile::name).containsExactly(chosen);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hf:a/b        | m-Q2_K.gguf m-Q6_K.gguf   | hf:a/b could be any of m-Q2_K.gguf, m-Q6_K.gguf; name one, as in hf:a/b:m-Q2_K.gguf",
                "hf:a/b:Q8_0   | x-Q8_0.gguf y-Q8_0.gguf   | hf:a/b:Q8_0 could be any of x-Q8_0.gguf, y-Q8_0.gguf; name one, as in hf:a/b:x-Q8_0.gguf",
                "hf:a/b:Q4_0   | m-Q8_0.gguf m-Q6_K.gguf   | there is no \"Q4_0\" in a/b; its GGUF files are m-Q8_0.gguf, m-Q6_K.gguf",
                "hf:a/b:n.gguf | m.gguf                    | there is no \"n.gguf\" in a/b; its GGUF files are m.gguf",
                "hf:a/b:BF16   | m-BF16-00001-of-00002.gguf m-BF16-00002-of-00002.gguf m-Q8_0.gguf | m-BF16-00001-of-00002.gguf of a/b is one part of a split GGUF file, which Demotic does not load; pull one of m-Q8_0.gguf",
                "hf:a/b        | m-00001-of-00002.gguf m-00002-of-00002.gguf | m-00001-of-00002.gguf of a/b is one part of a split GGUF file, which Demotic does not load; look for a repository with the model in one file",
                "hf:a/b:Q8_0   | config.json model.safetensors | a/b holds no GGUF file, so \"Q8_0\" cannot be picked from it; pull the whole model with hf:a/b",
                "hf:a/b        | model.safetensors         | a/b holds neither a GGUF file nor config.json with safetensors; pull a repository that does",
                "hf:a/b        | config.json pytorch_model.bin model.safetensors.index.json | a/b holds neither a GGUF file nor config.json with safetensors; pull a repository that does",
                "hf:a/b        | mmproj.gguf               | a/b holds neither a GGUF file nor config.json with safetensors; pull a repository that does",
            })
    void saysWhyThereIsNoChoice(String reference, String names, String message) {
        assertThatThrownBy(() -> select(reference, names.split(" ")))
                .isInstanceOf(DemoticException.class)
                .hasMessage(message);
    }

    @Test
    void takesWeightsUnderAnyNameWhereThereAreNoneUnderTheUsualOne() {
        assertThat(select("hf:a/b", "config.json", "vae.safetensors", "merges.txt", "vocab.json", "sub/x.safetensors")
                        .files())
                .extracting(RepositoryFile::name)
                .containsExactly("config.json", "merges.txt", "vocab.json", "vae.safetensors");
    }

    private static Selection select(String reference, String... names) {
        List<RepositoryFile> files = Arrays.stream(names)
                .map(name -> new RepositoryFile(name, 1, Optional.empty()))
                .toList();
        return Selection.of(HubReference.parse(reference), files);
    }
}
