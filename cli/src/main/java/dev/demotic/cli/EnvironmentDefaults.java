package dev.demotic.cli;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Takes options that the command line leaves out from the environment: {@code --max-body} from {@code DEMOTIC_MAX_BODY}. */
record EnvironmentDefaults(Map<String, String> environment) implements IDefaultValueProvider {
    private static final String PREFIX = "DEMOTIC_";

    /** The variable that stands for an option or a line of the configuration file. */
    static String variable(String option) {
        return PREFIX + option.replaceFirst("^--", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || option.usageHelp() || option.versionHelp()) {
            return null;
        }
        String value = environment.get(variable(option.longestName()));
        boolean isFlag = option.typeInfo().isBoolean();
        return value == null || value.isEmpty() ? null : isFlag ? String.valueOf(!value.matches("0|false|no")) : value;
    }
}
