package dev.demotic.server;

import java.util.Map;
import java.util.TreeMap;

/** Which endpoint answers which path. */
final class Routes {
    private static final String MODEL = "/v1/models/";

    private final Map<String, Map<String, Endpoint>> byPath = new TreeMap<>();
    private final Endpoint model;
    private final Page page;

    /**
     * @param model answers for all paths below that of the models
     * @param page answers for all other paths
     */
    Routes(Endpoint model, Page page) {
        this.model = model;
        this.page = page;
    }

    Routes get(String path, Endpoint endpoint) {
        return on("GET", path, endpoint);
    }

    Routes post(String path, Endpoint endpoint) {
        return on("POST", path, endpoint);
    }

    private Routes on(String verb, String path, Endpoint endpoint) {
        byPath.computeIfAbsent(path, _ -> new TreeMap<>()).put(verb, endpoint);
        return this;
    }

    /** @throws ApiException if there is none */
    Endpoint find(Exchange exchange) {
        String verb = exchange.verb().equals("HEAD") ? "GET" : exchange.verb();
        String path = exchange.path();
        Map<String, Endpoint> byVerb = byPath.containsKey(path)
                ? byPath.getOrDefault(path, Map.of())
                : Map.of("GET", path.startsWith(MODEL) ? model : page);
        Endpoint endpoint = byVerb.get(verb);
        if (endpoint != null) {
            return endpoint;
        }
        if (!byPath.containsKey(path) && !path.startsWith(MODEL) && !page.has(path)) {
            throw ApiException.notFound("there is no " + verb + " " + path);
        }
        String allowed = String.join(", ", byVerb.keySet());
        exchange.respondWith("Allow", allowed);
        throw ApiException.methodNotAllowed("%s takes %s, not %s".formatted(path, allowed, verb));
    }

    /** Whether a path is behind the API key: all are but the page and the health. */
    boolean needsKey(String path) {
        return !path.equals("/health") && (byPath.containsKey(path) || path.startsWith(MODEL));
    }

    /** The name of a path in metrics, of which there are only so many. */
    String name(String path) {
        return byPath.containsKey(path) ? path : path.startsWith(MODEL) ? MODEL : "page";
    }
}
