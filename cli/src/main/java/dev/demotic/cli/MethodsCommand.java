package dev.demotic.cli;

import dev.demotic.decoding.method.Method;
import dev.demotic.decoding.method.Methods;
import dev.demotic.decoding.method.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code demotic methods}: the decoding methods. */
@Command(
        name = "methods",
        description = "Lists the decoding methods, their parameters and where they were published.",
        footer = {"%nUsed as in: demotic run --method draft:tokens=4 --draft small.gguf \"Hello\""})
final class MethodsCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--json", description = "Print one JSON array.")
    private boolean json;

    MethodsCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (json) {
            Json.print(
                    console,
                    Methods.all().stream().map(MethodsCommand::describe).toList());
        } else {
            Methods.all().forEach(this::print);
        }
        return 0;
    }

    private void print(Method method) {
        console.println("%-13s %s".formatted(method.name(), method.summary()));
        List<String> about = new ArrayList<>();
        about.add(method.isLossless() ? "lossless" : "lossy");
        switch (method.draft()) {
            case REQUIRED, AT_ONCE -> about.add("needs --draft");
            case OPTIONAL -> about.add("takes --draft");
            case NONE -> {}
        }
        if (!method.source().isEmpty()) {
            about.add(method.source());
        }
        indented(String.join("; ", about));
        for (Parameter parameter : method.parameters()) {
            indented("%s=%s  %s (%s)"
                    .formatted(
                            parameter.name(), parameter.defaultValue(), parameter.description(), parameter.values()));
        }
    }

    private void indented(String text) {
        console.println(" ".repeat(14) + text);
    }

    private static Object describe(Method method) {
        return Json.object(
                "name", method.name(),
                "summary", method.summary(),
                "source", method.source(),
                "lossless", method.isLossless(),
                "draft", method.draft().name().toLowerCase(Locale.ROOT),
                "parameters",
                        method.parameters().stream()
                                .map(parameter -> Json.object(
                                        "name", parameter.name(),
                                        "default", parameter.defaultValue(),
                                        "values", parameter.values(),
                                        "description", parameter.description()))
                                .toList());
    }
}
