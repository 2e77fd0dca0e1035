package dev.demotic.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;

/** Serves the files of the page from the class path. */
final class Page implements Endpoint {
    private static final String FOLDER = "page/";
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "json", "application/json",
            "svg", "image/svg+xml",
            "png", "image/png",
            "ico", "image/x-icon",
            "woff2", "font/woff2");

    private final Map<String, Optional<File>> files = new ConcurrentHashMap<>();

    @SuppressWarnings("ArrayRecordComponent")
    private record File(byte[] content, String type, String tag) {}

    boolean has(String path) {
        return file(path).isPresent();
    }

    @Override
    public void handle(Exchange exchange) {
        File file = file(exchange.path())
                .orElseThrow(() -> ApiException.notFound("there is no " + exchange.verb() + " " + exchange.path()));
        exchange.respondWith("ETag", file.tag());
        exchange.respondWith("Cache-Control", "no-cache");
        exchange.respondWith("X-Content-Type-Options", "nosniff");
        if (exchange.header("If-None-Match").equals(file.tag())) {
            exchange.send(304, file.type(), new byte[0]);
        } else {
            exchange.send(200, file.type(), file.content());
        }
    }

    private Optional<File> file(String path) {
        String name = path.equals("/") ? "index.html" : path.substring(1);
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
        // Names that could lead out of the folder, or fill the memory of what is not there, are looked up nowhere.
        if (type == null || !name.matches("[\\w-]+(/[\\w-]+)*\\.\\w+")) {
            return Optional.empty();
        }
        Optional<File> known = files.get(name);
        if (known == null) {
            known = read(name, type);
            if (known.isPresent()) {
                files.put(name, known);
            }
        }
        return known;
    }

    private static Optional<File> read(String name, String type) {
        try (InputStream in = Page.class.getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                return Optional.empty();
            }
            byte[] content = in.readAllBytes();
            CRC32C sum = new CRC32C();
            sum.update(content);
            return Optional.of(new File(content, type, "\"%08x-%x\"".formatted(sum.getValue(), content.length)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
