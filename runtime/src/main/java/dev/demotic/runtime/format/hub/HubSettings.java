package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Where the hub is, who asks, and where pulled models go.
 *
 * @param endpoint the hub's address, without a trailing slash
 * @param token the user's access token; asked for only when the hub is, and sent to no other host
 * @param cache the folder that pulled models lie under
 * @param offline true to touch no network
 * @param proxies the way to each address
 */
public record HubSettings(
        URI endpoint, Supplier<Optional<String>> token, Path cache, boolean offline, ProxySelector proxies) {
    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final Set<String> YES = Set.of("1", "on", "yes", "true");

    /**
     * The settings that the environment makes, under the names that {@code huggingface_hub} gives: {@code HF_ENDPOINT},
     * {@code HF_TOKEN} (or the file that {@code hf auth login} writes), {@code HF_HUB_OFFLINE}, {@code HTTPS_PROXY}; and
     * our own {@code DEMOTIC_CACHE} and {@code DEMOTIC_OFFLINE}.
     *
     * @throws DemoticException if a variable has an unusable value
     */
    public static HubSettings of(Map<String, String> environment) {
        boolean windows = System.getProperty("os.name", "").startsWith("Windows");
        return of(environment, Path.of(System.getProperty("user.home", ".")), windows);
    }

    static HubSettings of(Map<String, String> environment, Path home, boolean windows) {
        Variables variables = new Variables(environment);
        return new HubSettings(
                endpoint(variables.find("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT)),
                () -> token(variables, home),
                cache(variables, home, windows).toAbsolutePath(),
                variables.isSet("DEMOTIC_OFFLINE") || variables.isSet("HF_HUB_OFFLINE"),
                EnvironmentProxies.of(environment));
    }

    private static URI endpoint(String text) {
        try {
            URI endpoint = URI.create(text.replaceFirst("/+$", ""));
            if (HubClient.isHttp(endpoint) && endpoint.getQuery() == null && endpoint.getUserInfo() == null) {
                return endpoint;
            }
        } catch (IllegalArgumentException e) {
            // answered below like any other address that is none
        }
        throw new DemoticException(
                "HF_ENDPOINT is \"" + text + "\"; set it to the hub's address, such as " + DEFAULT_ENDPOINT);
    }

    private static Optional<String> token(Variables variables, Path home) {
        Optional<String> token = variables.find("HF_TOKEN").or(() -> variables.find("HUGGING_FACE_HUB_TOKEN"));
        if (token.isEmpty()) {
            token = readToken(variables
                    .path("HF_TOKEN_PATH")
                    .orElseGet(() -> variables
                            .path("HF_HOME")
                            .or(() -> variables.path("XDG_CACHE_HOME").map(cache -> cache.resolve("huggingface")))
                            .orElse(home.resolve(".cache", "huggingface"))
                            .resolve("token")));
        }
        token.filter(text -> !text.chars().allMatch(c -> c > ' ' && c < 127)).ifPresent(text -> {
            throw new DemoticException(
                    "the Hugging Face token holds characters that no token has; set HF_TOKEN to the token alone");
        });
        return token;
    }

    private static Optional<String> readToken(Path file) {
        try {
            return Files.exists(file)
                    ? Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty())
                    : Optional.empty();
        } catch (IOException e) {
            throw new DemoticException(
                    "the Hugging Face token in " + file + " cannot be read: " + Failures.reason(e)
                            + "; make the file readable, or set HF_TOKEN",
                    e);
        }
    }

    private static Path cache(Variables variables, Path home, boolean windows) {
        return variables
                .path("DEMOTIC_CACHE")
                .or(() -> variables
                        .path("XDG_CACHE_HOME")
                        .filter(Path::isAbsolute)
                        .or(() -> windows ? variables.path("LOCALAPPDATA") : Optional.empty())
                        .map(folder -> folder.resolve("demotic")))
                .orElse(home.resolve(".cache", "demotic"));
    }

    /** Environment variables, where an empty one counts as missing. */
    private record Variables(Map<String, String> values) {
        Optional<String> find(String name) {
            return Optional.ofNullable(values.get(name)).map(String::strip).filter(value -> !value.isEmpty());
        }

        boolean isSet(String name) {
            return find(name)
                    .map(value -> value.toLowerCase(Locale.ROOT))
                    .filter(YES::contains)
                    .isPresent();
        }

        Optional<Path> path(String name) {
            try {
                return find(name).map(Path::of);
            } catch (InvalidPathException e) {
                throw new DemoticException(name + " is \"" + values.get(name) + "\"; set it to a folder or file", e);
            }
        }
    }
}
