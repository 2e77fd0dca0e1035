package dev.demotic.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which model drafts. */
final class DraftOption {
    @Option(
            names = "--draft",
            paramLabel = "MODEL",
            description =
                    "A smaller model that drafts: a GGUF file, a Hugging Face folder or the name of a pulled model (default"
                            + " for the model that comes with Demotic: its own draft; else none).")
    private Optional<String> draft = Optional.empty();

    /** Whether the user named one. */
    boolean isNamed() {
        return draft.isPresent();
    }

    /** The draft model's file, if one is named or comes with the target. */
    Optional<Path> path(Console console, ModelOption target) {
        return draft.map(name -> target.locate(console, name)).or(() -> target.embeddedDraft(console));
    }
}
