package dev.demotic.cli;

import dev.demotic.runtime.format.hub.Hub;
import dev.demotic.runtime.format.hub.HubReference;
import dev.demotic.runtime.format.hub.Progress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code demotic pull}: a model from the hub into the cache. */
@Command(
        name = "pull",
        description =
                "Downloads a model from the Hugging Face hub, or goes on where a download stopped; prints where it is.",
        footer = {
            "%nThe cache is $DEMOTIC_CACHE, or demotic in $XDG_CACHE_HOME or ~/.cache. $HF_TOKEN opens gated models,",
            "$HF_ENDPOINT names another hub, and $DEMOTIC_OFFLINE=1 is the same as --offline."
        })
final class PullCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(
            paramLabel = "hf:OWNER/NAME[:FILE]",
            description =
                    "The repository, and which of its GGUF files (or a quantization such as Q8_0); @REVISION may follow.")
    private String reference;

    @Option(names = "--offline", description = "Touch no network: succeed only if the model is there.")
    private boolean offline;

    PullCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Map<String, String> environment = new HashMap<>(console.environment());
        if (offline) {
            environment.put("DEMOTIC_OFFLINE", "1");
        }
        HubReference model = HubReference.parse(reference);
        Path path;
        try (ProgressLine line = new ProgressLine(console, "pulling", ProgressLine.Unit.BYTES)) {
            path = Hub.of(environment).pull(model, shownBy(line));
        }
        console.println(path.toString());
        return 0;
    }

    private static Progress shownBy(ProgressLine line) {
        return new Progress() {
            @Override
            public void bytes(String file, long done, long total) {
                line.update(done, total);
            }

            @Override
            public void message(String text) {
                line.message(text);
            }
        };
    }
}
