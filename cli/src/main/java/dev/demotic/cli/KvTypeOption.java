package dev.demotic.cli;

import dev.demotic.runtime.cache.KvType;
import picocli.CommandLine.Option;

/** How a command's model keeps keys and values. */
final class KvTypeOption {
    @Option(
            names = "--kv-type",
            paramLabel = "TYPE",
            defaultValue = "F16",
            description =
                    "How keys and values are kept: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). Q8 takes a little"
                            + " over half of F16's memory and rounds more.")
    private KvType type;

    KvType type() {
        return type;
    }
}
