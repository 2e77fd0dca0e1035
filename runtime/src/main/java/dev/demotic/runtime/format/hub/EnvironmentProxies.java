package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxies that {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY} name, in either case, as
 * curl reads them.
 */
final class EnvironmentProxies extends ProxySelector {
    private static final int DEFAULT_PORT = 1080;

    private final Map<String, String> environment;

    private EnvironmentProxies(Map<String, String> environment) {
        this.environment = environment;
    }

    /** The environment's proxies, or Java's own ({@code -Dhttps.proxyHost}) where it names none. */
    static ProxySelector of(Map<String, String> environment) {
        EnvironmentProxies proxies = new EnvironmentProxies(environment);
        boolean named = proxies.variable("https_proxy")
                .or(() -> proxies.variable("http_proxy"))
                .or(() -> proxies.variable("all_proxy"))
                .isPresent();
        ProxySelector javas = ProxySelector.getDefault();
        return named || javas == null ? proxies : javas;
    }

    @Override
    public List<Proxy> select(URI address) {
        String variable = address.getScheme().toLowerCase(Locale.ROOT) + "_proxy";
        Optional<String> proxy = variable(variable).or(() -> variable("all_proxy"));
        if (proxy.isEmpty() || isExempt(address.getHost().toLowerCase(Locale.ROOT))) {
            return List.of(Proxy.NO_PROXY);
        }
        return List.of(new Proxy(Proxy.Type.HTTP, socket(variable, proxy.get())));
    }

    @Override
    public void connectFailed(URI address, SocketAddress proxy, IOException failure) {
        // The request that failed says so itself.
    }

    private boolean isExempt(String host) {
        return Arrays.stream(
                        variable("no_proxy").orElse("").toLowerCase(Locale.ROOT).split("[,\\s]+"))
                .map(entry -> entry.replaceFirst("^\\*?\\.", ""))
                .anyMatch(entry -> entry.equals("*") || host.equals(entry) || host.endsWith("." + entry));
    }

    private static InetSocketAddress socket(String variable, String text) {
        try {
            URI proxy = URI.create(text.contains("://") ? text : "http://" + text);
            if ("http".equals(proxy.getScheme()) && proxy.getHost() != null && proxy.getUserInfo() == null) {
                return new InetSocketAddress(proxy.getHost(), proxy.getPort() < 0 ? DEFAULT_PORT : proxy.getPort());
            }
        } catch (IllegalArgumentException e) {
            // answered below like any other proxy that cannot be used
        }
        throw new DemoticException("the proxy that " + variable.toUpperCase(Locale.ROOT)
                + " names cannot be used; set it to http://host:port, without user and password");
    }

    private Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name))
                .or(() -> Optional.ofNullable(environment.get(name.toUpperCase(Locale.ROOT))))
                .map(String::strip)
                .filter(value -> !value.isEmpty());
    }
}
