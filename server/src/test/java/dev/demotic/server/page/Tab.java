package dev.demotic.server.page;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A tab of the browser: opens pages, presses keys, and evaluates JavaScript in them. */
final class Tab implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** What the protocol wants to know of keys that are no characters. */
    private static final Map<String, Integer> NAMED_KEYS =
            Map.of("Enter", 13, "Escape", 27, "Tab", 9, "ArrowLeft", 37, "ArrowRight", 39, "Home", 36, "End", 35);

    private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final WebSocket socket;

    private Tab(HttpClient http, URI uri) {
        socket = http.newWebSocketBuilder().buildAsync(uri, new Messages()).join();
    }

    static Tab connect(HttpClient http, URI uri) {
        Tab tab = new Tab(http, uri);
        List.of("Page", "Runtime", "Log", "Network").forEach(domain -> tab.call(domain + ".enable", Map.of()));
        return tab;
    }

    /** Opens the page, and waits until it has loaded. */
    void go(URI page) {
        call("Page.navigate", Map.of("url", page.toString()));
        until("location.href.startsWith('" + page + "') && document.readyState === 'complete'");
    }

    /** The value of an expression, that of a promise included. */
    JsonNode evaluate(String expression) {
        JsonNode reply =
                call("Runtime.evaluate", Map.of("expression", expression, "awaitPromise", true, "returnByValue", true));
        if (reply.has("exceptionDetails")) {
            throw new AssertionError(expression + " fails: "
                    + reply.at("/exceptionDetails/exception/description").asString(""));
        }
        return reply.at("/result/value");
    }

    String text(String selector) {
        return evaluate("document.querySelector(" + JSON.writeValueAsString(selector) + ")?.innerText ?? 'missing'")
                .asString();
    }

    /** Waits until the expression is true. */
    void until(String expression) {
        long deadline = System.nanoTime() + Browser.PATIENCE.toNanos();
        while (!evaluate("Boolean(" + expression + ")").asBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("in vain waited for " + expression + "; errors: " + errors + "; the page: "
                        + evaluate("document.body.innerText").asString());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(30);
            } catch (InterruptedException interruption) {
                throw new IllegalStateException(interruption);
            }
        }
    }

    /** Clicks an element, once it is there. */
    void click(String selector) {
        await(selector);
        evaluate("document.querySelector(" + JSON.writeValueAsString(selector) + ").click()");
    }

    /** Presses a key such as {@code Enter}, {@code /} or {@code Ctrl+Enter}. */
    void press(String key) {
        boolean withControl = key.startsWith("Ctrl+");
        String name = withControl ? key.substring("Ctrl+".length()) : key;
        int code = NAMED_KEYS.getOrDefault(name, (int) Character.toUpperCase(name.charAt(0)));
        String text = name.equals("Enter") ? "\r" : NAMED_KEYS.containsKey(name) ? "" : name;
        for (String type : List.of("keyDown", "keyUp")) {
            call(
                    "Input.dispatchKeyEvent",
                    Map.of(
                            "type",
                            type,
                            "key",
                            name,
                            "code",
                            NAMED_KEYS.containsKey(name) ? name : "",
                            "windowsVirtualKeyCode",
                            code,
                            "text",
                            type.equals("keyDown") ? text : "",
                            "modifiers",
                            withControl ? 2 : 0));
        }
    }

    /** Types into what has the focus. */
    void type(String text) {
        call("Input.insertText", Map.of("text", text));
    }

    /** Moves the mouse to the middle of an element, once it is there. */
    void hover(String selector) {
        await(selector);
        JsonNode at = evaluate("(() => { const r = document.querySelector(" + JSON.writeValueAsString(selector)
                + ").getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()");
        call(
                "Input.dispatchMouseEvent",
                Map.of(
                        "type",
                        "mouseMoved",
                        "x",
                        at.path("x").asDouble(),
                        "y",
                        at.path("y").asDouble()));
    }

    private void await(String selector) {
        until("document.querySelector(" + JSON.writeValueAsString(selector) + ")");
    }

    void resize(int width, int height) {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    }

    /** The text on the clipboard. */
    String clipboard() {
        call(
                "Browser.grantPermissions",
                Map.of("permissions", List.of("clipboardReadWrite", "clipboardSanitizedWrite")));
        return evaluate("navigator.clipboard.readText()").asString();
    }

    /** @param scheme light or dark */
    void prefer(String scheme) {
        call(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /** Writes a picture of what is seen. */
    void picture(Path png) throws IOException {
        String data = call("Page.captureScreenshot", Map.of("format", "png"))
                .path("data")
                .asString();
        Files.write(png, Base64.getDecoder().decode(data));
    }

    /** Exceptions, breaches of the security policy, and what else the page's log calls an error. */
    List<String> errors() {
        return errors;
    }

    /** The addresses that the page asked for. */
    List<String> requests() {
        return requests;
    }

    @Override
    public void close() {
        call("Page.close", Map.of());
        socket.abort();
    }

    private JsonNode call(String method, Map<String, ?> parameters) {
        int id = ids.incrementAndGet();
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        calls.put(id, reply);
        socket.sendText(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true)
                .join();
        JsonNode message =
                reply.orTimeout(Browser.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        if (message.has("error")) {
            throw new IllegalStateException(method + ": " + message.path("error"));
        }
        return message.path("result");
    }

    private void take(JsonNode message) {
        CompletableFuture<JsonNode> call = calls.remove(message.path("id").asInt(-1));
        if (call != null) {
            call.complete(message);
            return;
        }
        JsonNode event = message.path("params");
        switch (message.path("method").asString("")) {
            case "Runtime.exceptionThrown" ->
                errors.add(event.at("/exceptionDetails/exception/description").asString("exception"));
            case "Log.entryAdded" -> {
                JsonNode entry = event.path("entry");
                // A refusal of the server is no fault of the page.
                if (entry.path("level").asString("").equals("error")
                        && !entry.path("source").asString("").equals("network")) {
                    errors.add(entry.path("text").asString(""));
                }
            }
            case "Network.requestWillBeSent" ->
                requests.add(event.at("/request/url").asString(""));
            default -> {}
        }
    }

    /** Puts the pieces of messages together. */
    private final class Messages implements WebSocket.Listener {
        private final StringBuilder pieces = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence piece, boolean isLast) {
            pieces.append(piece);
            if (isLast) {
                take(JSON.readTree(pieces.toString()));
                pieces.setLength(0);
            }
            from.request(1);
            return null;
        }
    }
}
