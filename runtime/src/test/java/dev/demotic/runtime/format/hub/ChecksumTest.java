package dev.demotic.runtime.format.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChecksumTest {
    @TempDir
    private Path folder;

    /** From {@code git hash-object} and {@code sha256sum}. */
    @ParameterizedTest
    @CsvSource({
        "'', e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "hello, b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0",
        "'', e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "hello, 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    })
    void matchesWhatGitAndSha256Say(String content, String hex) throws IOException {
        Path file = Files.writeString(folder.resolve("x"), content);
        assertThat(new Checksum(hex).matches(file)).isTrue();
        assertThat(new Checksum(hex.replace('2', '3')).matches(file)).isFalse();
    }

    @Test
    void readsQuotedAndWeakEtags() {
        String hex = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";
        assertThat(Checksum.of("\"" + hex + "\"")).contains(new Checksum(hex));
        assertThat(Checksum.of("W/\"" + hex.toUpperCase(Locale.ROOT) + "\"")).contains(new Checksum(hex));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\"\"", "5d41402abc4b2a76b9719d911017c592", "5d41402abc4b2a76b9719d911017c592-12"})
    void otherEtagsAreNoChecksums(String etag) {
        assertThat(Checksum.of(etag)).isEmpty();
    }
}
