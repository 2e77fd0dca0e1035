package dev.demotic.cli;

import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
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

    @Option(
            names = "--draft-threads",
            paramLabel = "N",
            description =
                    "How many of the threads only the draft model has, so that both models compute at once (default: one in"
                            + " four, at least one, for --method pearl; else none, they take turns on all).")
    private Optional<Integer> threads = Optional.empty();

    /** How the models share the threads with a method, if this one drafts. */
    ThreadShare share(Console console, EngineOptions engine, MethodCall call) {
        boolean drafts = call.method().draft() != DraftUse.NONE
                && path(console, engine.model()).isPresent();
        if (threads.isPresent() && !drafts) {
            throw new DemoticException(
                    "--draft-threads is for a draft model, and there is none to use; leave it out, or name one with --draft");
        }
        return drafts ? ThreadShare.of(engine.threads(), threads, call) : ThreadShare.turns(engine.threads());
    }

    /** Whether the user named one. */
    boolean isNamed() {
        return draft.isPresent();
    }

    /** The draft model's file, if one is named or comes with the target. */
    Optional<Path> path(Console console, ModelOption target) {
        return draft.map(name -> target.locate(console, name)).or(() -> target.embeddedDraft(console));
    }
}
