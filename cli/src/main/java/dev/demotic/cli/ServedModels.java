package dev.demotic.cli;

import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.server.ServedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The models of a server, open until this is closed. */
final class ServedModels implements AutoCloseable {
    private final Console console;
    private final EngineOptions engine;
    private final MethodCall usual;
    private final int parallel;
    private final ThreadShare share;
    private final List<LanguageModel> opened = new ArrayList<>();
    private final List<ServedModel> served = new ArrayList<>();

    private ServedModels(Console console, EngineOptions engine, MethodCall usual, int parallel, ThreadShare share) {
        this.console = console;
        this.engine = engine;
        this.usual = usual;
        this.parallel = parallel;
        this.share = share;
    }

    /**
     * Opens models by their names, or the one that {@code --model} names, or the embedded one.
     *
     * @param names as {@code --model} takes them, or {@code NAME=MODEL} for a name other than the file's
     * @param usual the method of requests that name none
     * @param parallel sequences of full length that each has room for
     */
    static ServedModels open(
            Console console,
            EngineOptions engine,
            List<String> names,
            DraftOption draft,
            MethodCall usual,
            int parallel) {
        if (!names.isEmpty()) {
            engine.model().name(path(names.getFirst()));
        }
        ThreadShare share = draft.share(console, engine, usual);
        ServedModels models = new ServedModels(console, engine, usual, parallel, share);
        try {
            models.open(names, draft);
            return models;
        } catch (RuntimeException e) {
            models.close();
            throw e;
        }
    }

    /** All of them, in the order of their names. */
    List<ServedModel> all() {
        return List.copyOf(served);
    }

    private void open(List<String> names, DraftOption draft) {
        Optional<ServedModel.Draft> drafting = draft.path(console, engine.model())
                .map(path -> {
                    LanguageModel model = engine.openDraft(console, path, parallel, share);
                    opened.add(model);
                    return new ServedModel.Draft(nameOf(path), model);
                });
        if (names.isEmpty()) {
            Path path = engine.model().path(console);
            open(nameOf(path), path, drafting);
        }
        for (String name : names) {
            Path path = engine.model().locate(console, path(name));
            String alias = name.length() == path(name).length() ? nameOf(path) : name.substring(0, name.indexOf('='));
            open(alias, path, drafting);
        }
    }

    private void open(String name, Path path, Optional<ServedModel.Draft> draft) {
        try (ProgressLine _ = ProgressLine.waiting(console, "loading " + name)) {
            LanguageModel model = engine.open(console, ModelSources.open(path), parallel, share);
            opened.add(model);
            served.add(new ServedModel(name, model, draft, usual));
        }
    }

    /** What comes after {@code NAME=}, unless the whole is the name of a file. */
    private static String path(String argument) {
        int equals = argument.indexOf('=');
        return equals <= 0 || Files.exists(Path.of(argument)) ? argument : argument.substring(equals + 1);
    }

    private static String nameOf(Path path) {
        return String.valueOf(path.toAbsolutePath().getFileName()).replaceFirst("\\.gguf$", "");
    }

    @Override
    public void close() {
        opened.forEach(LanguageModel::close);
    }
}
