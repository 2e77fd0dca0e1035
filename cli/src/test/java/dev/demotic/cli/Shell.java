package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Runs demotic in this process, with streams of its own and an empty cache. */
final class Shell {
    private final Map<String, String> environment = new HashMap<>();
    private String input = "";

    /** What a command left. */
    record Result(int status, String out, String err) {}

    Shell(Path cache) {
        environment.put("DEMOTIC_CACHE", cache.toString());
        environment.put("DEMOTIC_OFFLINE", "1");
    }

    /** Standard input of the commands to come. */
    Shell typing(String text) {
        input = text;
        return this;
    }

    /** With a variable in its environment. */
    Shell with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Result run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Demotic.execute(
                new Console(
                        new ByteArrayInputStream(input.getBytes(UTF_8)),
                        new PrintStream(out, false, UTF_8),
                        new PrintStream(err, true, UTF_8),
                        environment,
                        Console.Terminals.NONE),
                arguments);
        return new Result(status, out.toString(UTF_8), err.toString(UTF_8));
    }
}
