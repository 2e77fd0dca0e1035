package dev.demotic.runtime.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How one value is laid out: Python's format specification.
 *
 * @param fill what pads up to the width
 * @param align {@code <}, {@code >}, {@code ^}, or {@code =} to pad between sign and digits
 * @param sign {@code +}, {@code -} or a space: what a positive number is marked with
 * @param alternate the {@code #} form: a prefix such as 0x
 * @param grouping what separates thousands; 0 for nothing
 * @param precision digits, or the most characters of a text; -1 where none is given
 * @param type Python's letter; 0 where none is given
 */
record FormatSpec(
        char fill, char align, char sign, boolean alternate, int width, char grouping, int precision, char type) {
    private static final int LARGEST_COUNT = 100_000;

    /** Reads a width or a precision. */
    static int count(@Nullable String digits, int otherwise) {
        if (digits == null) {
            return otherwise;
        }
        int count = digits.length() > 6 || !digits.chars().allMatch(Character::isDigit)
                ? LARGEST_COUNT + 1
                : Integer.parseInt("0" + digits);
        if (count > LARGEST_COUNT) {
            throw new TemplateException("a format's width or precision of " + digits + " is out of range");
        }
        return count;
    }

    String text(String text) {
        if (type != '\0' && "srac".indexOf(type) < 0) {
            throw new TemplateException("unknown format code '" + type + "' for a string");
        }
        boolean cut = precision >= 0 && Characters.length(text) > precision;
        return pad("", cut ? Characters.slice(text, 0, precision) : text);
    }

    String number(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (!Arithmetic.isNumber(value)) {
            throw new TemplateException("the format code '" + type + "' wants a number, not " + Values.typeName(value));
        }
        boolean negative = value instanceof Double real
                ? real < 0 || 1 / real < 0
                : Arithmetic.big(value).signum() < 0;
        String mark = negative ? "-" : sign == '-' ? "" : Character.toString(sign);
        String digits = switch (type) {
            case 'd', 'i', 'u', 'n', 'b', 'o', 'x', 'X' -> integer(value);
            case '\0' -> value instanceof Double real ? shortest(Math.abs(real)) : integer(value);
            case 'c' -> Character.toString((int) Values.integer(value, "a character"));
            default -> real(Math.abs(Arithmetic.real(value)), type, precision < 0 ? 6 : precision);
        };
        return pad(mark + prefix(), grouped(digits));
    }

    private String prefix() {
        return !alternate ? "" : type == 'x' ? "0x" : type == 'X' ? "0X" : type == 'o' ? "0o" : type == 'b' ? "0b" : "";
    }

    private String integer(Object value) {
        if (value instanceof Double) {
            throw new TemplateException("unknown format code '" + type + "' for a float");
        }
        BigInteger magnitude = Arithmetic.big(value).abs();
        String digits = switch (type) {
            case 'b' -> magnitude.toString(2);
            case 'o' -> magnitude.toString(8);
            case 'x' -> magnitude.toString(16);
            case 'X' -> magnitude.toString(16).toUpperCase(Locale.ROOT);
            default -> magnitude.toString();
        };
        return "0".repeat(Math.max(0, precision - digits.length())) + digits;
    }

    private String shortest(double magnitude) {
        if (precision < 0) {
            return PythonText.real(magnitude);
        }
        String general = real(magnitude, 'g', precision);
        return general.matches("\\d+") ? general + ".0" : general;
    }

    private String real(double magnitude, char type, int precision) {
        if (Double.isNaN(magnitude) || Double.isInfinite(magnitude)) {
            String name = Double.isNaN(magnitude) ? "nan" : "inf";
            return Character.isUpperCase(type) ? name.toUpperCase(Locale.ROOT) : name;
        }
        BigDecimal exact = new BigDecimal(magnitude);
        return switch (type) {
            case 'f', 'F' -> exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
            case '%' ->
                exact.movePointRight(2)
                                .setScale(precision, RoundingMode.HALF_EVEN)
                                .toPlainString() + "%";
            case 'e' -> scientific(exact, precision);
            case 'E' -> scientific(exact, precision).toUpperCase(Locale.ROOT);
            case 'g' -> general(exact, Math.max(1, precision));
            case 'G' -> general(exact, Math.max(1, precision)).toUpperCase(Locale.ROOT);
            default -> throw new TemplateException("unknown format code '" + type + "' for a number");
        };
    }

    private static String scientific(BigDecimal exact, int precision) {
        BigDecimal rounded = exact.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        String digits = rounded.unscaledValue().toString();
        String padded = digits + "0".repeat(Math.max(0, precision + 1 - digits.length()));
        return padded.charAt(0)
                + (precision > 0 ? "." + padded.substring(1, precision + 1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    private String general(BigDecimal exact, int precision) {
        BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= precision) {
            String[] parts = scientific(exact, precision - 1).split("e", 2);
            return trimmed(parts[0]) + "e" + parts[1];
        }
        return trimmed(rounded.setScale(precision - 1 - exponent, RoundingMode.HALF_EVEN)
                .toPlainString());
    }

    private String trimmed(String digits) {
        return alternate || digits.indexOf('.') < 0
                ? digits
                : digits.replaceAll("0*$", "").replaceAll("\\.$", "");
    }

    private String grouped(String digits) {
        if (grouping == '\0') {
            return digits;
        }
        int whole = 0;
        while (whole < digits.length() && Character.isLetterOrDigit(digits.charAt(whole))) {
            whole++;
        }
        StringBuilder out = new StringBuilder(digits);
        for (int at = whole - 3; at > 0; at -= 3) {
            out.insert(at, grouping);
        }
        return out.toString();
    }

    private String pad(String mark, String digits) {
        String filler = Character.toString(fill);
        return switch (align) {
            case '=' -> mark + StringMethods.pad(digits, (long) width - mark.length(), filler, "rjust");
            case '<' -> StringMethods.pad(mark + digits, width, filler, "ljust");
            case '^' -> {
                int missing = Math.max(0, width - Characters.length(mark + digits));
                yield filler.repeat(missing / 2) + mark + digits + filler.repeat(missing - missing / 2);
            }
            default -> StringMethods.pad(mark + digits, width, filler, "rjust");
        };
    }
}
