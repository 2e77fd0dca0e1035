package dev.demotic.server;

import dev.demotic.runtime.DemoticException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The models that are served, by name. */
final class Models {
    private final Map<String, ServedModel> byName = new LinkedHashMap<>();
    private final Map<ServedModel, Admission> admissions = new LinkedHashMap<>();
    private final long created = System.currentTimeMillis() / 1000;

    Models(List<ServedModel> models, ServerOptions options) {
        for (ServedModel model : models) {
            if (byName.put(model.name(), model) != null) {
                throw new DemoticException(
                        "two models are called %s; name one of them, as in NAME=PATH".formatted(model.name()));
            }
            admissions.put(model, new Admission(model.model(), options.maxRunning(), options.maxWaiting()));
        }
        if (models.isEmpty()) {
            throw new DemoticException("a server needs at least one model");
        }
    }

    Collection<ServedModel> all() {
        return byName.values();
    }

    Admission admission(ServedModel model) {
        return java.util.Objects.requireNonNull(admissions.get(model));
    }

    /** The model that a request names; without a name, the first. */
    ServedModel of(Fields request) {
        Optional<String> name = request.string("model");
        return name.map(this::named).orElseGet(() -> byName.values().iterator().next());
    }

    ServedModel named(String name) {
        ServedModel model = byName.get(name);
        if (model == null) {
            throw ApiException.noModel(
                    "there is no model '%s'; there are %s".formatted(name, String.join(", ", byName.keySet())));
        }
        return model;
    }

    JsonObject list() {
        return Json.object()
                .with("object", "list")
                .with("data", byName.values().stream().map(this::describe).toList());
    }

    JsonObject describe(ServedModel model) {
        return Json.object()
                .with("id", model.name())
                .with("object", "model")
                .with("created", created)
                .with("owned_by", "demotic")
                .with("demotic", model.facts());
    }

    /** From now on nobody is admitted. */
    void close() {
        admissions.values().forEach(Admission::close);
    }
}
