package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The image and the unit, as far as they can be tried without an engine for either. */
class DeployTest {
    private static final Path ROOT = Path.of("..");
    private static final Path DEPLOY = ROOT.resolve("deploy");
    private static final String HOME = "/opt/demotic";

    @TempDir
    private Path folder;

    private static List<String> instructions() throws IOException {
        String file = Files.readString(DEPLOY.resolve("Dockerfile"), UTF_8).replaceAll("\\\\\n\\s*", "");
        return file.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
    }

    /** The argument of the only instruction that begins so; those in JSON form as a command. */
    private static String argument(String beginning) throws IOException {
        List<String> found = instructions().stream()
                .filter(line -> line.startsWith(beginning))
                .toList();
        assertThat(found).hasSize(1);
        return found.getFirst().substring(found.getFirst().indexOf(beginning) + beginning.length());
    }

    private static List<String> command(String json) {
        return Stream.of(JsonMapper.shared().readValue(json, String[].class)).toList();
    }

    /** The command with what the image would have here: this Java, these classes, the models. */
    private static List<String> here(List<String> command) {
        List<String> translated = new ArrayList<>();
        for (String word : command) {
            translated.add(
                    switch (word) {
                        case "java" ->
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString();
                        case HOME + "/lib/*" -> ServerProcess.classPath();
                        default ->
                            word.replace(
                                    HOME + "/models",
                                    ROOT.resolve("models/src/main/resources/dev/demotic/models")
                                            .toString());
                    });
        }
        return translated;
    }

    @Test
    void theImageIsMadeOfWhatThereIs() throws IOException {
        assertThat(instructions()).allMatch(line -> line.matches("[A-Z]+ .*"));
        String build = argument("RUN sh ");
        assertThat(ROOT.resolve(build.substring(0, build.indexOf(' ')))).exists();
        for (String source : List.of("models/src/main/resources/dev/demotic/models", "cli/pom.xml")) {
            assertThat(build).contains(source.substring(0, source.indexOf('/')));
            assertThat(ROOT.resolve(source)).exists();
        }
        assertThat(argument("COPY --from=build ")).isEqualTo(HOME + " " + HOME);
        // What the build needs is not kept from it.
        assertThat(Files.readAllLines(ROOT.resolve(".dockerignore"))).containsExactly("**/target", ".git");
        List<String> training = command(argument("RUN [").transform(rest -> "[" + rest));
        List<String> entry = command(argument("ENTRYPOINT "));
        assertThat(training.stream()
                        .map(word -> word.replace("AOTCacheOutput", "AOTCache"))
                        .toList())
                .as("the cache is made with the flags that it is used with")
                .startsWith(entry.toArray(String[]::new));
    }

    @Test
    void theImagesCommandServesAndItsHealthIsSeen() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash: not tested");
        List<String> command = new ArrayList<>(here(command(argument("ENTRYPOINT "))));
        command.removeIf(word -> word.startsWith("-XX:AOTCache="));
        command.addAll(List.of("--port", "0", "--context", "256", ServerProcess.SMALL));
        List<String> health = command(argument("HEALTHCHECK --start-period=30s CMD "));
        int port;
        try (ServerProcess server = ServerProcess.start(command)) {
            port = server.port();
            assertThat(status(health, port)).isZero();
        }
        assertThat(status(health, port)).isNotZero();
    }

    private static int status(List<String> command, int port) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("DEMOTIC_PORT", String.valueOf(port));
        Process process = builder.start();
        try (InputStream in = process.getInputStream()) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return process.waitFor();
    }

    @Test
    void theUnitIsInOrder() throws Exception {
        String unit = Files.readString(DEPLOY.resolve("demotic.service"), UTF_8);
        assertThat(unit).contains("ExecStart=" + HOME + "/demotic serve --config /etc/demotic/serve.properties\n");
        for (String used : List.of("deploy/serve.properties", "deploy/demotic.service", "demotic")) {
            assertThat(unit).contains(HOME + "/" + used);
            assertThat(ROOT.resolve(used)).exists();
        }
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "no systemd-analyze: not tested");
        Path copy = Files.writeString(
                folder.resolve("demotic.service"),
                unit.replace(
                        "ExecStart=" + HOME,
                        "ExecStart=" + ROOT.toAbsolutePath().normalize()));
        Process process = new ProcessBuilder("systemd-analyze", "verify", "--man=no", copy.toString())
                .redirectErrorStream(true)
                .start();
        try (InputStream in = process.getInputStream()) {
            assertThat(new String(in.readAllBytes(), UTF_8)).isEmpty();
        }
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void theConfigurationIsUnderstood() {
        Shell.Result result = new Shell(folder)
                .run(
                        "serve",
                        "--config",
                        DEPLOY.resolve("serve.properties").toString(),
                        "--check",
                        "--port",
                        "0",
                        "--context",
                        "256",
                        ServerProcess.SMALL);
        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.err()).contains("\"status\":200");
    }
}
