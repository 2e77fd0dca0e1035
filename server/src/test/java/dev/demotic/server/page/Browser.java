package dev.demotic.server.page;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import tools.jackson.databind.json.JsonMapper;

/**
 * A headless Chromium, driven by its DevTools protocol: no driver to install, and no dependency. One serves all tests of a run.
 * Looks for it in {@code DEMOTIC_CHROMIUM} and on the path.
 */
final class Browser {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final URI devTools;

    private Browser(URI devTools) {
        this.devTools = devTools;
    }

    /** The one of this run; where the machine has none, the test that asks is skipped. */
    static Browser shared() {
        Assumptions.assumeTrue(
                Shared.BROWSER.isPresent(),
                "no Chromium on the path and none named by DEMOTIC_CHROMIUM: page not tested");
        return Shared.BROWSER.orElseThrow();
    }

    /** An empty tab. */
    Tab open() {
        try {
            HttpRequest request = HttpRequest.newBuilder(devTools.resolve("/json/new"))
                    .PUT(HttpRequest.BodyPublishers.noBody())
                    .build();
            String reply = HTTP.send(request, BodyHandlers.ofString()).body();
            String socket = JsonMapper.shared()
                    .readTree(reply)
                    .path("webSocketDebuggerUrl")
                    .asString();
            return Tab.connect(HTTP, URI.create(socket));
        } catch (IOException | InterruptedException problem) {
            throw new IllegalStateException("Chromium opened no tab", problem);
        }
    }

    private static final class Shared {
        static final Optional<Browser> BROWSER = find().map(Shared::start);

        private static Browser start(Path chromium) {
            try {
                Path profile = Files.createTempDirectory("demotic-chromium");
                Process process = new ProcessBuilder(
                                chromium.toString(),
                                "--headless=new",
                                "--remote-debugging-port=0",
                                "--user-data-dir=" + profile,
                                // Its sandbox needs rights that containers lack; all it opens here is our own page.
                                "--no-sandbox",
                                "--disable-dev-shm-usage",
                                "--disable-gpu",
                                "--disable-background-networking",
                                "--no-first-run",
                                "--lang=en",
                                "about:blank")
                        .redirectErrorStream(true)
                        .redirectOutput(profile.resolve("log").toFile())
                        .start();
                Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process, profile)));
                return new Browser(URI.create("http://127.0.0.1:" + port(process, profile)));
            } catch (IOException | InterruptedException problem) {
                throw new IllegalStateException(chromium + " does not start", problem);
            }
        }

        /** Chromium writes the port that it chose into its profile. */
        private static String port(Process process, Path profile) throws IOException, InterruptedException {
            Path file = profile.resolve("DevToolsActivePort");
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!Files.exists(file) || Files.readAllLines(file).size() < 2) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            "Chromium does not start: " + Files.readString(profile.resolve("log")));
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
            return Files.readAllLines(file).getFirst();
        }

        private static void end(Process process, Path profile) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().onExit().join();
            try (Stream<Path> files = Files.walk(profile)) {
                files.sorted((a, b) -> b.compareTo(a))
                        .forEach(file -> file.toFile().delete());
            } catch (IOException | UncheckedIOException _) {
                // What its last processes still hold stays in the folder for temporary files.
            }
        }
    }

    private static Optional<Path> find() {
        Stream<Path> named =
                Stream.ofNullable(System.getenv("DEMOTIC_CHROMIUM")).map(Path::of);
        Stream<Path> onPath = Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)));
        return Stream.concat(named, onPath).filter(Files::isExecutable).findFirst();
    }
}
