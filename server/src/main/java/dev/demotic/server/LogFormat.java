package dev.demotic.server;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** How the log of a server looks. */
public enum LogFormat {
    /** For people. */
    TEXT {
        @Override
        String line(LogRecord entry, Formatter formatter) {
            return "%s %s %s\n".formatted(TIME.format(entry.getInstant()), level(entry), formatter.formatMessage(entry))
                    + trace(entry);
        }
    },
    /** For programs: an object a line. */
    JSON {
        @Override
        String line(LogRecord entry, Formatter formatter) {
            JsonObject line = Json.object()
                    .with("time", entry.getInstant().toString())
                    .with("level", level(entry))
                    .with("logger", entry.getLoggerName());
            if (fields(entry) instanceof LogFields(Map<String, @Nullable Object> values)) {
                line.putAll(values);
            } else {
                line.with("message", formatter.formatMessage(entry));
            }
            if (entry.getThrown() != null) {
                line.with("trace", trace(entry));
            }
            return Json.text(line) + "\n";
        }
    };

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneId.systemDefault());

    /** Loggers would forget their settings if nobody held them. */
    private static final Logger ROOT = Logger.getLogger("");

    private static final Logger WEB_SERVER = Logger.getLogger("io.helidon");

    private static final Logger SERVER = Logger.getLogger("dev.demotic.server");

    abstract String line(LogRecord entry, Formatter formatter);

    /** From now on what this process logs goes to {@code out} in this format; of the libraries, only what is wrong. */
    public void install(PrintStream out) {
        for (Handler handler : ROOT.getHandlers()) {
            ROOT.removeHandler(handler);
        }
        ROOT.addHandler(new Lines(out, this));
        WEB_SERVER.setLevel(Level.WARNING);
        SERVER.setLevel(Level.INFO);
    }

    /** As {@link #install}, but of the server too only what is wrong. */
    public void installForProblems(PrintStream out) {
        install(out);
        SERVER.setLevel(Level.WARNING);
    }

    private static String level(LogRecord entry) {
        return entry.getLevel().equals(Level.SEVERE)
                ? "ERROR"
                : entry.getLevel().getName();
    }

    private static @Nullable Object fields(LogRecord entry) {
        Object[] parameters = entry.getParameters();
        return parameters == null || parameters.length == 0 ? null : parameters[0];
    }

    private static String trace(LogRecord entry) {
        if (entry.getThrown() == null) {
            return "";
        }
        StringWriter trace = new StringWriter();
        entry.getThrown().printStackTrace(new PrintWriter(trace, true));
        return trace.toString();
    }

    /** Writes lines. */
    private static final class Lines extends Handler {
        private final PrintStream out;

        Lines(PrintStream out, LogFormat format) {
            this.out = out;
            setFormatter(new Formatter() {
                @Override
                public String format(LogRecord entry) {
                    return format.line(entry, this);
                }
            });
        }

        @Override
        public void publish(LogRecord entry) {
            if (isLoggable(entry)) {
                out.print(getFormatter().format(entry));
                out.flush();
            }
        }

        @Override
        public void flush() {
            out.flush();
        }

        @Override
        public void close() {}
    }
}
