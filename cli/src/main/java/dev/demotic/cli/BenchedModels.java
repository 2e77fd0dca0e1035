package dev.demotic.cli;

import dev.demotic.bench.MethodBench.Contestant;
import dev.demotic.decoding.method.DraftUse;
import dev.demotic.decoding.method.MethodCall;
import dev.demotic.runtime.LanguageModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A target and the draft models for it, open until this is closed, and the methods that run on them. */
final class BenchedModels implements AutoCloseable {
    private final ThreadShare share;
    private final LanguageModel target;
    private final Map<String, LanguageModel> drafts = new LinkedHashMap<>();

    private BenchedModels(ThreadShare share, LanguageModel target) {
        this.share = share;
        this.target = target;
    }

    /** @param drafts files by the names in the report */
    static BenchedModels open(Console console, EngineOptions engine, ThreadShare share, Map<String, Path> drafts) {
        BenchedModels models = new BenchedModels(share, engine.open(console, share));
        try {
            drafts.forEach((name, path) -> models.drafts.put(name, engine.openDraft(console, path, share)));
            return models;
        } catch (RuntimeException e) {
            models.close();
            throw e;
        }
    }

    LanguageModel target() {
        return target;
    }

    /** One for each draft model that the method has a use for; without any, itself. */
    List<Contestant> contestants(MethodCall call) {
        if (call.method().draft() == DraftUse.NONE || drafts.isEmpty()) {
            return List.of(contestant(call.toString(), call, Optional.empty()));
        }
        return drafts.entrySet().stream()
                .map(draft -> contestant(
                        drafts.size() == 1 ? call.toString() : call + " (" + draft.getKey() + ")",
                        call,
                        Optional.of(draft.getValue())))
                .toList();
    }

    private Contestant contestant(String name, MethodCall call, Optional<LanguageModel> draft) {
        String threads = " (%d + %d threads)".formatted(share.target(), share.draft());
        return new Contestant(
                share.isApart() ? name + threads : name,
                call.method().isLossless(),
                () -> call.decoding(target, draft),
                Optional.of(target));
    }

    @Override
    public void close() {
        target.close();
        drafts.values().forEach(LanguageModel::close);
    }
}
