package dev.demotic.cli;

import java.util.Locale;

/** Numbers as people read them. */
final class Sizes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

    private Sizes() {}

    /** Bytes with three digits and a decimal unit, such as 1.24 GB. */
    static String bytes(long bytes) {
        return bytes((double) bytes);
    }

    /** {@link #bytes(long)} of a measured value. */
    static String bytes(double bytes) {
        int unit = 0;
        while (bytes >= 999.5 && unit < UNITS.length - 1) {
            bytes /= 1000;
            unit++;
        }
        String format = unit == 0 || bytes >= 99.95 ? "%.0f %s" : bytes >= 9.995 ? "%.1f %s" : "%.2f %s";
        return String.format(Locale.ROOT, format, bytes, UNITS[unit]);
    }

    /** A count with thousands apart. */
    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** Seconds as m:ss or h:mm:ss. */
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
