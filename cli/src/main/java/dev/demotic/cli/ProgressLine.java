package dev.demotic.cli;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One line on standard error that tells how far something is, redrawn in place; shown only to a person, and only once it has
 * taken a second. Closing it wipes it away.
 */
final class ProgressLine implements AutoCloseable {
    /** What is counted. */
    enum Unit {
        BYTES,
        ITEMS,
        /** Nothing that a person would count. */
        SHARE
    }

    private static final long DELAY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long PERIOD_MILLIS = 100;
    private static final int BAR = 24;
    private static final int WIDTH = 79;
    private static final String WIPE = "\r\033[K";

    private final Console console;
    private final Unit unit;
    private final long start = System.nanoTime();
    private String title;
    private long first = -1;
    private long done;
    private long total = -1;
    private boolean shown;
    private boolean closed;
    private @Nullable Thread painter;

    ProgressLine(Console console, String title, Unit unit) {
        this.console = console;
        this.title = title;
        this.unit = unit;
        painter = Thread.ofPlatform().daemon().name("demotic-progress").start(this::paint);
    }

    /** A line that counts nothing but seconds. */
    static ProgressLine waiting(Console console, String title) {
        return new ProgressLine(console, title, Unit.ITEMS);
    }

    /** What is going on now. */
    synchronized void title(String text) {
        title = text;
    }

    /** How far it is; the total may be -1 for unknown. */
    synchronized void update(long done, long total) {
        if (first < 0) {
            first = done;
        }
        this.done = done;
        this.total = total;
    }

    /** Writes a line that stays, above this one. */
    synchronized void message(String text) {
        wipe();
        console.note(text);
    }

    private void paint() {
        try {
            TimeUnit.NANOSECONDS.sleep(DELAY_NANOS);
            if (!console.isTerminal(Console.Terminals.ERR)
                    || "dumb".equals(console.environment().get("TERM"))) {
                return;
            }
            while (true) {
                synchronized (this) {
                    if (closed) {
                        return;
                    }
                    console.err().print(WIPE + text());
                    console.err().flush();
                    shown = true;
                }
                Thread.sleep(PERIOD_MILLIS);
            }
        } catch (InterruptedException closing) {
            // nothing more to paint
        }
    }

    /** The line as it stands. */
    synchronized String text() {
        double seconds = (System.nanoTime() - start) * 1e-9;
        String text = total > 0 ? bar(seconds) : open(seconds);
        return text.length() <= WIDTH ? text : text.substring(0, WIDTH);
    }

    private String open(double seconds) {
        return done > 0
                ? title + "  " + amount(done) + "  " + Sizes.duration(seconds)
                : title + "  " + Sizes.duration(seconds);
    }

    private String bar(double seconds) {
        double share = Math.clamp((double) done / total, 0, 1);
        double rate = (done - Math.max(0, first)) / Math.max(seconds, 1e-3);
        int filled = (int) (share * BAR);
        String line = String.format(
                Locale.ROOT, "%s [%s%s] %3.0f %%", title, "#".repeat(filled), ".".repeat(BAR - filled), 100 * share);
        if (unit != Unit.SHARE) {
            line += "  " + amount(done) + "/" + amount(total);
        }
        if (rate <= 0) {
            return line;
        }
        String speed = unit == Unit.BYTES ? "  " + Sizes.bytes(rate) + "/s" : "";
        return line + speed + "  " + Sizes.duration((total - done) / rate) + " left";
    }

    private String amount(long count) {
        return unit == Unit.BYTES ? Sizes.bytes(count) : Sizes.count(count);
    }

    private void wipe() {
        if (shown) {
            console.err().print(WIPE);
            console.err().flush();
            shown = false;
        }
    }

    /** Wipes the line and draws it no more. */
    void stop() {
        close();
    }

    @Override
    public synchronized void close() {
        closed = true;
        wipe();
        if (painter != null) {
            painter.interrupt();
            painter = null;
        }
    }
}
