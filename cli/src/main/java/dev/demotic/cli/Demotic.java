package dev.demotic.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The demotic command and its main method. */
@Command(
        name = "demotic",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Runs open-weight language models on the JVM.",
        footerHeading = "%n",
        footer = {
            "Without --model, commands take the small model that comes with Demotic.",
            "Results go to standard output, everything else to standard error.",
            "Exit status: 0 done, 1 refused (a bad file or value, too little memory ...), 2 wrong usage, 70 a defect, 130 Ctrl-C."
        })
public final class Demotic implements Callable<Integer> {
    private final Console console;

    private Demotic(Console console) {
        this.console = console;
    }

    /** Runs a command and ends the process with its exit status. */
    public static void main(String... args) {
        System.setProperty(KeptLog.PROPERTY, KeptLog.class.getName());
        Interruption interruption = Interruption.unwinds(Thread.currentThread());
        int status = execute(Console.ofProcess(), args);
        interruption.isOver();
        System.exit(status);
    }

    /** Runs a command and returns its exit status. */
    static int execute(Console console, String... args) {
        try {
            return commandLine(console).execute(args);
        } catch (Throwable thrown) {
            return Failure.report(console, thrown);
        } finally {
            console.out().flush();
            console.err().flush();
        }
    }

    static CommandLine commandLine(Console console) {
        Ansi ansi = Ansi.OFF;
        CommandLine line = new CommandLine(new Demotic(console))
                .addSubcommand(new RunCommand(console))
                .addSubcommand(new ChatCommand(console))
                .addSubcommand(ServeCommand.line(console))
                .addSubcommand(new MethodsCommand(console))
                .addSubcommand(new InfoCommand(console))
                .addSubcommand(new TokenizeCommand(console))
                .addSubcommand(new ConvertCommand(console))
                .addSubcommand(new QuantizeCommand(console))
                .addSubcommand(new PerplexityCommand(console))
                .addSubcommand(new CommandLine(new BenchCommand(console))
                        .addSubcommand(new BenchMethodsCommand(console))
                        .addSubcommand(new BenchReasoningCommand(console))
                        .addSubcommand(new BenchServeCommand(console)))
                .addSubcommand(new PullCommand(console))
                .addSubcommand(new ListCommand(console))
                .addSubcommand(new HelpCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(100)
                .setColorScheme(CommandLine.Help.defaultColorScheme(ansi))
                .setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
                .setExecutionExceptionHandler((thrown, _, _) -> Failure.report(console, thrown))
                .setParameterExceptionHandler((wrong, _) -> explain(console, wrong));
        return line;
    }

    private static int explain(Console console, ParameterException wrong) {
        String message = String.valueOf(wrong.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
        console.err()
                .println("demotic: " + Character.toLowerCase(message.charAt(0)) + message.substring(1) + "; see "
                        + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        return Failure.USAGE.status;
    }

    @Override
    public Integer call() {
        commandLine(console).usage(console.out(), Ansi.OFF);
        return 0;
    }
}
