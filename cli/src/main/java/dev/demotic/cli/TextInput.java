package dev.demotic.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text that a user names: a file, or {@code -} for standard input. */
final class TextInput {
    private TextInput() {}

    /** The text of a file, as UTF-8; bytes that are none become U+FFFD. */
    static String read(Console console, String file) {
        if (file.equals("-")) {
            return console.readAll();
        }
        Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw new DemoticException(path + " is a folder; name a text file");
        }
        try {
            return new String(Files.readAllBytes(path), UTF_8);
        } catch (IOException e) {
            throw new DemoticException(
                    Files.exists(path)
                            ? path + " cannot be read (" + e + "); check its permissions"
                            : "there is no file " + path + "; check the path",
                    e);
        }
    }
}
