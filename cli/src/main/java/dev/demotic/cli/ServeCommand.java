package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import dev.demotic.server.LogFormat;
import dev.demotic.server.Server;
import dev.demotic.server.ServerOptions;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code demotic serve}: models over HTTP. */
@Command(
        name = "serve",
        description = {
            "Serves models over HTTP, by OpenAI's API, with a page to try them at /.",
            "Each option may also come from the environment or from a file: --max-body is DEMOTIC_MAX_BODY in the"
                    + " environment and max-body=4m in the file, and the models are DEMOTIC_MODELS and models=A,B. The"
                    + " command line goes before the environment, and the environment before the file."
        },
        footer = {"%nCtrl-C ends it when the replies under way are done."})
final class ServeCommand implements Callable<Integer> {
    private static final String MODELS = EnvironmentDefaults.variable("models");
    /** Tells in the environment that the file was read. */
    private static final String CONFIGURED = "DEMOTIC_CONFIGURED";

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "MODEL",
            description =
                    "Models to serve, as --model takes them; NAME=MODEL serves one by another name than its file's (default:"
                            + " the model that comes with Demotic).")
    private List<String> models = List.of();

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Mixin
    private MethodOptions method = new MethodOptions();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Read options from a file of NAME=VALUE lines (Java properties).")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "Address to listen on; 0.0.0.0 for all that this machine has (default: ${DEFAULT-VALUE}).")
    private String host;

    @Option(
            names = {"-p", "--port"},
            paramLabel = "N",
            defaultValue = "8080",
            description = "Port to listen on; 0 for any that is free (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description = "Key that requests must show as a bearer token; best set in the environment (default: none).")
    private Optional<String> apiKey = Optional.empty();

    @Option(
            names = "--cors-origin",
            paramLabel = "ORIGIN",
            split = ",",
            description = "Origin whose pages may call, such as https://example.org, or * for all. May be repeated.")
    private List<String> corsOrigins = List.of();

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "8",
            description =
                    "Replies of full length that the KV cache of a model has room for; shorter ones fit in greater number"
                            + " (default: ${DEFAULT-VALUE}).")
    private int parallel;

    @Option(
            names = "--max-running",
            paramLabel = "N",
            defaultValue = "64",
            description = "Replies that a model makes at once (default: ${DEFAULT-VALUE}).")
    private int maxRunning;

    @Option(
            names = "--max-waiting",
            paramLabel = "N",
            defaultValue = "256",
            description =
                    "Requests that may wait for a model; others are refused with 429 (default: ${DEFAULT-VALUE}).")
    private int maxWaiting;

    @Option(
            names = "--max-body",
            paramLabel = "SIZE",
            defaultValue = "16m",
            converter = MemorySize.class,
            description = "Longest request (default: ${DEFAULT-VALUE}).")
    private long maxBody;

    @Option(
            names = "--io-timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description =
                    "Longest silence of a client in the middle of a request or a response (default: ${DEFAULT-VALUE}).")
    private int ioTimeout;

    @Option(
            names = "--shutdown-timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description =
                    "How long replies under way may take when the server is told to end (default: ${DEFAULT-VALUE}).")
    private int shutdownTimeout;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "Certificate for HTTPS, in PEM form, followed by those that vouch for it.")
    private Optional<Path> tlsCert = Optional.empty();

    @Option(names = "--tls-key", paramLabel = "FILE", description = "Its private key, in PEM form (PKCS #8).")
    private Optional<Path> tlsKey = Optional.empty();

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description =
                    "${COMPLETION-CANDIDATES}: lines for people, or objects for programs (default: ${DEFAULT-VALUE}).")
    private LogFormat logFormat;

    @Option(names = "--log-prompts", description = "Log what clients ask and are answered, too.")
    private boolean logPrompts;

    @Option(names = "--check", description = "Start, answer one request, and end: tells whether all is in order.")
    private boolean check;

    private ServeCommand(Console console) {
        this.console = console;
    }

    /** The command with its defaults from the environment. */
    static CommandLine line(Console console) {
        return new CommandLine(new ServeCommand(console))
                .setDefaultValueProvider(new EnvironmentDefaults(console.environment()));
    }

    @Override
    public Integer call() throws IOException {
        if (config.isPresent() && !console.environment().containsKey(CONFIGURED)) {
            List<String> arguments = spec.root().commandLine().getParseResult().originalArgs();
            return Demotic.execute(console.withEnvironment(configured(config.get())), arguments.toArray(String[]::new));
        }
        ServerOptions options = options();
        method.call();
        logFormat.install(console.err());
        try (ServedModels served =
                        ServedModels.open(console, engine, names(), method.draft(), method.call(), parallel);
                Server server = Server.start(options, served.all())) {
            run(server, served.all().size());
        }
        return 0;
    }

    /** The environment with what the file adds to it. */
    private Map<String, String> configured(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IllegalArgumentException malformed) {
            throw new DemoticException(
                    "%s is no file of Java properties (%s); write a backslash as two"
                            .formatted(file, malformed.getMessage()),
                    malformed);
        }
        Map<String, String> environment = new HashMap<>();
        for (String name : properties.stringPropertyNames()) {
            if (!name.equals("models") && spec.findOption("--" + name) == null) {
                throw new DemoticException("%s sets '%s', which is no option of demotic serve; see demotic serve --help"
                        .formatted(file, name));
            }
            environment.put(EnvironmentDefaults.variable(name), properties.getProperty(name));
        }
        environment.putAll(console.environment());
        environment.put(CONFIGURED, file.toString());
        return environment;
    }

    private ServerOptions options() {
        if (tlsCert.isPresent() != tlsKey.isPresent()) {
            throw new DemoticException("HTTPS needs both --tls-cert and --tls-key");
        }
        if (port < 0 || port > 65_535 || parallel < 1 || maxRunning < 1 || maxWaiting < 0 || maxBody < 1) {
            throw new DemoticException(
                    "--port must be at most 65535 and not negative, --parallel, --max-running and --max-body at least 1, --max-waiting 0");
        }
        if (apiKey.isPresent() && apiKey.get().isBlank()) {
            throw new DemoticException("--api-key is blank, which would keep nobody out; give a key, or leave it out");
        }
        if (ioTimeout < 1 || shutdownTimeout < 0) {
            throw new DemoticException("--io-timeout must be at least 1 second, and --shutdown-timeout 0");
        }
        return new ServerOptions(
                host,
                port,
                apiKey,
                corsOrigins,
                maxRunning,
                maxWaiting,
                maxBody,
                Duration.ofSeconds(ioTimeout),
                Duration.ofSeconds(shutdownTimeout),
                tlsCert.flatMap(cert -> tlsKey.map(key -> new ServerOptions.Tls(cert, key))),
                logPrompts);
    }

    /** The models that are asked for by names of their own, on the command line or in the environment. */
    private List<String> names() {
        boolean isOneNamed = spec.commandLine().getParseResult().hasMatchedOption("--model");
        if (isOneNamed && !models.isEmpty()) {
            throw new DemoticException("models are named both with and without --model; name all of them without it");
        }
        String listed = console.environment().getOrDefault(MODELS, "").strip();
        return isOneNamed || !models.isEmpty() || listed.isEmpty() ? models : List.of(listed.split("\\s*,\\s*"));
    }

    private void run(Server server, int count) {
        console.note("serving %s at %s".formatted(count == 1 ? "a model" : count + " models", server.uri()));
        if (check) {
            ServeCheck.ask(server.uri(), apiKey, tlsCert);
            console.note("all is in order");
            return;
        }
        // The JVM waits for this thread when it is told to end, and so for the replies under way.
        Thread ending = new Thread(server::close, "demotic-ending");
        Runtime.getRuntime().addShutdownHook(ending);
        try {
            server.join();
        } catch (InterruptedException toldToEnd) {
            server.close();
        }
    }
}
