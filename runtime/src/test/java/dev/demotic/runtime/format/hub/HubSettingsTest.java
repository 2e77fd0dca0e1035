package dev.demotic.runtime.format.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
    @TempDir
    private Path home;

    @Test
    void anEmptyEnvironmentMeansThePublicHubAndTheUsualFolder() {
        HubSettings settings = settings(Map.of());
        assertThat(settings.endpoint()).isEqualTo(URI.create("https://huggingface.co"));
        assertThat(settings.token().get()).isEmpty();
        assertThat(settings.cache()).isEqualTo(home.resolve(".cache/demotic"));
        assertThat(settings.offline()).isFalse();
        assertThat(settings.proxies()).isEqualTo(ProxySelector.getDefault());
    }

    @Test
    void theCacheFollowsTheSystemsHabits() {
        assertThat(settings(Map.of("XDG_CACHE_HOME", "/x", "DEMOTIC_CACHE", "/d"))
                        .cache())
                .isEqualTo(Path.of("/d").toAbsolutePath());
        assertThat(settings(Map.of("XDG_CACHE_HOME", home.resolve("x").toString()))
                        .cache())
                .isEqualTo(home.resolve("x/demotic"));
        assertThat(settings(Map.of("XDG_CACHE_HOME", "relative")).cache()).isEqualTo(home.resolve(".cache/demotic"));
        assertThat(settings(Map.of("DEMOTIC_CACHE", " ")).cache()).isEqualTo(home.resolve(".cache/demotic"));
        String local = home.resolve("Local").toString();
        assertThat(HubSettings.of(Map.of("LOCALAPPDATA", local), home, true).cache())
                .isEqualTo(home.resolve("Local/demotic"));
        assertThat(settings(Map.of("LOCALAPPDATA", local)).cache()).isEqualTo(home.resolve(".cache/demotic"));
    }

    @Test
    void theTokenComesFromTheEnvironmentOrTheFileThatLoggingInWrites() throws IOException {
        Path usual = write(".cache/huggingface/token", "hf_usual\n");
        assertThat(settings(Map.of()).token().get()).contains("hf_usual");
        write("xdg/huggingface/token", "hf_xdg");
        assertThat(settings(Map.of("XDG_CACHE_HOME", home.resolve("xdg").toString()))
                        .token()
                        .get())
                .contains("hf_xdg");
        write("hf/token", "hf_home");
        assertThat(settings(Map.of("HF_HOME", home.resolve("hf").toString()))
                        .token()
                        .get())
                .contains("hf_home");
        Path file = write("file", "hf_file");
        assertThat(settings(Map.of("HF_TOKEN_PATH", file.toString())).token().get())
                .contains("hf_file");
        assertThat(settings(Map.of("HUGGING_FACE_HUB_TOKEN", "hf_old")).token().get())
                .contains("hf_old");
        assertThat(settings(Map.of("HF_TOKEN", " hf_variable\n", "HUGGING_FACE_HUB_TOKEN", "hf_old"))
                        .token()
                        .get())
                .contains("hf_variable");
        Files.writeString(usual, " \n");
        assertThat(settings(Map.of()).token().get()).isEmpty();
    }

    @Test
    void aTokenThatCannotBeOneIsRefusedWithoutShowingIt() {
        assertThatThrownBy(() -> settings(Map.of("HF_TOKEN", "hf_a\nb")).token().get())
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("set HF_TOKEN to the token alone")
                .hasMessageNotContaining("hf_a");
        assertThat(settings(Map.of("HF_TOKEN", "hf_secret")).toString()).doesNotContain("hf_secret");
    }

    @Test
    void aTokenFileThatCannotBeReadIsNamed() throws IOException {
        Path folder = Files.createDirectories(home.resolve("folder"));
        assertThatThrownBy(() -> settings(Map.of("HF_TOKEN_PATH", folder.toString()))
                        .token()
                        .get())
                .isInstanceOf(DemoticException.class)
                .hasMessageStartingWith("the Hugging Face token in " + folder + " cannot be read: ");
    }

    @ParameterizedTest
    @CsvSource({
        "DEMOTIC_OFFLINE, 1, true",
        "HF_HUB_OFFLINE, True, true",
        "HF_HUB_OFFLINE, yes, true",
        "DEMOTIC_OFFLINE, 0, false",
        "DEMOTIC_OFFLINE, '', false",
    })
    void offlineIsAskedForByEitherName(String name, String value, boolean offline) {
        assertThat(settings(Map.of(name, value)).offline()).isEqualTo(offline);
    }

    @Test
    void theEndpointLosesItsTrailingSlash() {
        assertThat(settings(Map.of("HF_ENDPOINT", "http://127.0.0.1:8080/hub/")).endpoint())
                .isEqualTo(URI.create("http://127.0.0.1:8080/hub"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "huggingface.co",
                "ftp://x",
                "http://",
                "http://a b",
                "http://x?y",
                "http://u:p@x",
                "http://x:99999",
                "/"
            })
    void anEndpointThatIsNoAddressIsRefused(String endpoint) {
        assertThatThrownBy(() -> settings(Map.of("HF_ENDPOINT", endpoint)))
                .isInstanceOf(DemoticException.class)
                .hasMessage("HF_ENDPOINT is \"" + endpoint
                        + "\"; set it to the hub's address, such as https://huggingface.co");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "https_proxy | http://proxy.test:3128 |                   | https://hub.test/x | proxy.test:3128",
                "HTTPS_PROXY | proxy.test:3128        |                   | https://hub.test/x | proxy.test:3128",
                "HTTPS_PROXY | http://proxy.test      |                   | https://hub.test/x | proxy.test:1080",
                "HTTPS_PROXY | http://proxy.test      |                   | http://hub.test/x  | ",
                "ALL_PROXY   | http://proxy.test:8    |                   | http://hub.test/x  | proxy.test:8",
                "HTTPS_PROXY | http://proxy.test:8    | .test             | https://hub.test/x | ",
                "HTTPS_PROXY | http://proxy.test:8    | x.y, hub.test     | https://HUB.test/x | ",
                "HTTPS_PROXY | http://proxy.test:8    | *                 | https://hub.test/x | ",
                "HTTPS_PROXY | http://proxy.test:8    | ub.test           | https://hub.test/x | proxy.test:8",
            })
    void proxiesAreThoseOfTheEnvironment(String name, String proxy, String exempt, URI address, String through) {
        Map<String, String> environment =
                exempt == null ? Map.of(name, proxy) : Map.of(name, proxy, "NO_PROXY", exempt);
        Proxy chosen = settings(environment).proxies().select(address).getFirst();
        String actual = chosen.address() instanceof InetSocketAddress socket
                ? socket.getHostString() + ":" + socket.getPort()
                : null;
        assertThat(actual).isEqualTo(through);
    }

    @ParameterizedTest
    @ValueSource(strings = {"socks5://127.0.0.1:1", "http://user:password@127.0.0.1:1", "http://", "a b"})
    void aProxyThatCannotBeUsedFailsThePullWithoutShowingThePassword(String proxy) {
        Hub hub = Hub.of(Map.of("HTTPS_PROXY", proxy, "DEMOTIC_CACHE", home.toString(), "HF_TOKEN", "x"));
        assertThatThrownBy(() -> hub.pull(FakeHub.REFERENCE, Progress.NONE))
                .isInstanceOf(DemoticException.class)
                .hasMessage("the proxy that HTTPS_PROXY names cannot be used; set it to http://host:port, without user"
                        + " and password");
    }

    private HubSettings settings(Map<String, String> environment) {
        return HubSettings.of(environment, home, false);
    }

    private Path write(String name, String text) throws IOException {
        Path file = home.resolve(name);
        Files.createDirectories(file.resolve("..").normalize());
        return Files.writeString(file, text);
    }
}
