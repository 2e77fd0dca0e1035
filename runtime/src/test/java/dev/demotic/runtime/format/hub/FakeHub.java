package dev.demotic.runtime.format.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import tools.jackson.databind.json.JsonMapper;

/**
 * Two servers on the loopback that behave like the hub and the storage that it redirects large files to. What is put into
 * a queue answers the next request of that kind instead.
 */
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final String OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98";
    static final HubReference REFERENCE = HubReference.parse("hf:ada/engine");

    /** An answer that is not the usual one. */
    interface Reply {
        void to(HttpExchange exchange) throws IOException;
    }

    record Request(String path, Map<String, List<String>> headers) {
        static Request of(HttpExchange exchange) {
            Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            headers.putAll(exchange.getRequestHeaders());
            return new Request(exchange.getRequestURI().toString(), headers);
        }

        Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name)).map(List::getFirst);
        }
    }

    final Queue<Reply> listings = new ConcurrentLinkedQueue<>();
    final Queue<Reply> resolves = new ConcurrentLinkedQueue<>();
    final Queue<Reply> storages = new ConcurrentLinkedQueue<>();
    final List<Request> toHub = new CopyOnWriteArrayList<>();
    final List<Request> toStorage = new CopyOnWriteArrayList<>();
    final List<Duration> pauses = new CopyOnWriteArrayList<>();
    final List<String> messages = new CopyOnWriteArrayList<>();
    final Map<String, byte[]> files = new LinkedHashMap<>();
    volatile String commit = COMMIT;
    volatile String storageEtag = "\"storage-1\"";
    volatile long freeSpace = Long.MAX_VALUE;

    private final HttpServer hub;
    private final HttpServer storage;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    FakeHub() {
        hub = start();
        storage = start();
        hub.createContext("/api/", exchange -> answer(exchange, toHub, listings, this::list));
        hub.createContext("/", exchange -> answer(exchange, toHub, resolves, this::resolve));
        storage.createContext("/", exchange -> answer(exchange, toStorage, storages, this::store));
    }

    URI endpoint() {
        return address(hub);
    }

    URI storage() {
        return address(storage);
    }

    FakeHub with(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    /** A hub client on this cache that sleeps for no time and remembers for how long it would have. */
    Hub on(Path cache, String... environment) {
        return on(cache, Duration.ofSeconds(20), environment);
    }

    Hub on(Path cache, Duration stall, String... environment) {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("HF_ENDPOINT", endpoint().toString());
        variables.put("DEMOTIC_CACHE", cache.toString());
        for (int i = 0; i < environment.length; i += 2) {
            variables.put(environment[i], environment[i + 1]);
        }
        return new Hub(
                HubSettings.of(variables, cache.resolve("home"), false),
                new Conditions(
                        time -> {
                            pauses.add(time);
                            Thread.sleep(1);
                        },
                        stall,
                        folder -> freeSpace));
    }

    Progress progress() {
        return new Progress() {
            @Override
            public void bytes(String file, long done, long total) {}

            @Override
            public void message(String text) {
                messages.add(text);
            }
        };
    }

    @Override
    public void close() {
        hub.stop(0);
        storage.stop(0);
        threads.shutdownNow();
    }

    static Reply status(int status, String... headers) {
        return exchange -> send(exchange, status, new byte[0], headers);
    }

    static Reply body(byte[] body, String... headers) {
        return exchange -> send(exchange, 200, body, headers);
    }

    /** Announces all of the content, sends some of it, and closes the connection. */
    static Reply cutAfter(int bytes, byte[] content, String... headers) {
        return exchange -> {
            headers(exchange, headers);
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, bytes);
            exchange.getResponseBody().flush();
            exchange.close();
        };
    }

    static void send(HttpExchange exchange, int status, byte[] body, String... headers) throws IOException {
        headers(exchange, headers);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    static byte[] bytes(int seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static String sha256(byte[] content) {
        return hash("SHA-256", content);
    }

    static String gitBlob(byte[] content) {
        return hash("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8), content);
    }

    /** Large files are those that a real repository keeps in LFS. */
    static boolean isLarge(String name) {
        return name.endsWith(".gguf") || name.endsWith(".safetensors");
    }

    byte[] listing() {
        List<Map<String, Object>> siblings = files.entrySet().stream()
                .map(file -> {
                    byte[] content = file.getValue();
                    Map<String, Object> sibling = new LinkedHashMap<>();
                    sibling.put("rfilename", file.getKey());
                    sibling.put("size", content.length);
                    sibling.put("blobId", gitBlob(content));
                    if (isLarge(file.getKey())) {
                        sibling.put("blobId", "0".repeat(40));
                        sibling.put(
                                "lfs", Map.of("sha256", sha256(content), "size", content.length, "pointerSize", 130));
                    }
                    return sibling;
                })
                .toList();
        return JsonMapper.shared().writeValueAsBytes(Map.of("id", "ada/engine", "sha", commit, "siblings", siblings));
    }

    private void list(HttpExchange exchange) throws IOException {
        send(exchange, 200, listing());
    }

    private void resolve(HttpExchange exchange) throws IOException {
        String[] parts = exchange.getRequestURI().getPath().split("/", 6);
        byte[] content = parts.length == 6 ? files.get(parts[5]) : null;
        if (content == null || !parts[3].equals("resolve") || !parts[4].equals(commit)) {
            send(exchange, 404, new byte[0], "X-Error-Code", "EntryNotFound");
        } else if (isLarge(parts[5])) {
            send(
                    exchange,
                    302,
                    new byte[0],
                    "Location",
                    storage() + "/" + parts[5].replace(" ", "%20") + "?signature=x",
                    "X-Repo-Commit",
                    commit,
                    "X-Linked-Etag",
                    "\"" + sha256(content) + "\"",
                    "X-Linked-Size",
                    "" + content.length);
        } else {
            send(exchange, 200, content, "ETag", "\"" + gitBlob(content) + "\"", "X-Repo-Commit", commit);
        }
    }

    private void store(HttpExchange exchange) throws IOException {
        ranged(
                exchange,
                files.getOrDefault(exchange.getRequestURI().getPath().substring(1), new byte[0]),
                storageEtag,
                true);
    }

    /** Sends the content or the range of it that is asked for, as a server that knows ranges does. */
    static void ranged(HttpExchange exchange, byte[] content, String etag, boolean obeysIfRange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
        if (range == null || obeysIfRange && ifRange != null && !ifRange.equals(etag)) {
            send(exchange, 200, content, "ETag", etag, "Accept-Ranges", "bytes");
            return;
        }
        int from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
        if (from >= content.length) {
            send(exchange, 416, new byte[0], "Content-Range", "bytes */" + content.length);
            return;
        }
        send(
                exchange,
                206,
                Arrays.copyOfRange(content, from, content.length),
                "ETag",
                etag,
                "Content-Range",
                "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }

    private static void answer(HttpExchange exchange, List<Request> log, Queue<Reply> queue, Reply usual)
            throws IOException {
        log.add(Request.of(exchange));
        Reply next = queue.poll();
        try {
            (next == null ? usual : next).to(exchange);
        } finally {
            exchange.close();
        }
    }

    private static void headers(HttpExchange exchange, String... headers) {
        for (int i = 0; i < headers.length; i += 2) {
            exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
        }
    }

    private HttpServer start() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(threads);
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static URI address(HttpServer server) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private static String hash(String algorithm, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
