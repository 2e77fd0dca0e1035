package dev.demotic.cli;

import dev.demotic.decoding.Generation;
import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a command decodes: the method, and the model that drafts for it. */
final class MethodOptions {
    @Option(
            names = "--method",
            paramLabel = "NAME[:P=V,...]",
            defaultValue = "auto",
            description =
                    "The decoding method and its parameters, as `demotic methods` lists them (default: ${DEFAULT-VALUE}).")
    private String method;

    @Mixin
    private DraftOption draft = new DraftOption();

    /** The method that is asked for; to be called before any model is opened, so that a wrong name costs no time. */
    MethodCall call() {
        MethodCall call = MethodCall.parse(method);
        if (draft.isNamed() && call.method().draft() == DraftUse.NONE) {
            call.requireDraft(true);
        }
        return call;
    }

    /** Opens the model, with the threads that the draft model leaves it. */
    LanguageModel open(Console console, EngineOptions engine) {
        return engine.open(console, draft.share(console, engine, call()));
    }

    /** Opens the draft model, if one is named or comes with the target, and the method has a use for one. */
    Optional<LanguageModel> openDraft(Console console, EngineOptions engine) {
        MethodCall call = call();
        if (call.method().draft() == DraftUse.NONE) {
            return Optional.empty();
        }
        Optional<Path> path = draft.path(console, engine.model());
        call.requireDraft(path.isPresent());
        ThreadShare share = draft.share(console, engine, call);
        return path.map(file -> engine.openDraft(console, file, share));
    }

    /** The generation with the method that is asked for. */
    Generation apply(Generation generation, Optional<LanguageModel> draftModel) {
        return generation.method(call().decoding(generation.model(), draftModel));
    }

    /** The model that drafts. */
    DraftOption draft() {
        return draft;
    }

    /** @throws DemoticException if the method never drafts */
    void requireDrafts(String option) {
        if (call().method().name().equals("plain")) {
            throw new DemoticException(option + " shows drafts, and --method plain has none; take another method");
        }
    }
}
