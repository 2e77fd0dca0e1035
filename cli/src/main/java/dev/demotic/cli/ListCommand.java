package dev.demotic.cli;

import dev.demotic.runtime.format.hub.Hub;
import dev.demotic.runtime.format.hub.PulledModel;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code demotic list}: the pulled models. */
@Command(name = "list", description = "Lists the models that were pulled.")
final class ListCommand implements Callable<Integer> {
    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm").withZone(ZoneId.systemDefault());

    private final Console console;

    @Option(names = "--json", description = "Print one JSON array.")
    private boolean json;

    ListCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Hub hub = Hub.of(console.environment());
        List<PulledModel> models = hub.list();
        if (json) {
            Json.print(console, models.stream().map(ListCommand::describe).toList());
        } else if (models.isEmpty()) {
            console.note("no models in " + hub.cache() + " yet; get one with `demotic pull hf:owner/name`");
        } else {
            print(models);
        }
        return 0;
    }

    private void print(List<PulledModel> models) {
        int width = models.stream()
                .mapToInt(model -> model.reference().toString().length())
                .max()
                .orElse(0);
        String row = "%-" + Math.max(width, 5) + "s  %9s  %s";
        console.println(row.formatted("MODEL", "SIZE", "PULLED"));
        for (PulledModel model : models) {
            console.println(row.formatted(model.reference(), Sizes.bytes(model.bytes()), DAY.format(model.pulledAt())));
        }
    }

    private static Object describe(PulledModel model) {
        return Json.object(
                "model", model.reference().toString(),
                "path", model.path().toString(),
                "commit", model.commit(),
                "bytes", model.bytes(),
                "pulled_at", model.pulledAt().toString());
    }
}
