package dev.demotic.server;

import dev.demotic.decoding.method.Method;
import dev.demotic.decoding.method.Methods;

/** {@code /api/methods}: the decoding methods, for pickers. */
final class MethodList implements Endpoint {
    @Override
    public void handle(Exchange exchange) {
        exchange.json(Json.object()
                .with(
                        "methods",
                        Methods.all().stream().map(MethodList::describe).toList()));
    }

    private static JsonObject describe(Method method) {
        return Json.object()
                .with("name", method.name())
                .with("summary", method.summary())
                .with("citation", method.source())
                .with("lossless", method.isLossless())
                .with("needs_draft", method.draft().isRequired())
                .with(
                        "parameters",
                        method.parameters().stream()
                                .map(parameter -> Json.object()
                                        .with("name", parameter.name())
                                        .with("summary", parameter.description() + " (" + parameter.values() + ")")
                                        .with("default", parameter.defaultValue()))
                                .toList());
    }
}
