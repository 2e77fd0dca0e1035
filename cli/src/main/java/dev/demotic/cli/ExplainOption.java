package dev.demotic.cli;

import dev.demotic.decoding.MethodReport;
import dev.demotic.decoding.Reply;
import picocli.CommandLine.Option;

/** Whether a command tells what the method did. */
final class ExplainOption {
    @Option(names = "--explain", description = "Tell on standard error what the method chose, and why.")
    private boolean explain;

    /** Explains a reply, if that is asked for. */
    void explain(Console console, MethodOptions method, Reply reply) {
        if (!explain) {
            return;
        }
        String name = method.call().method().name();
        MethodReport report = reply.report();
        if (report == null && !name.equals("plain")) {
            console.note(name + ": the reply ended before it had a choice");
        } else if (report == null || report.explanation().isEmpty()) {
            console.note(name + ": it has no choices to explain");
        } else {
            report.explanation().forEach(line -> console.note(name + ": " + line));
        }
    }
}
