package dev.demotic.runtime.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The filters by name: those on single values here, the others in {@link TextFilters} and {@link SequenceFilters}. */
final class Filters {
    /** What a filter does with its input and its arguments. */
    @FunctionalInterface
    interface Body {
        Object apply(Object input, Arguments arguments);
    }

    private static final Map<String, Body> ALL = new HashMap<>();

    static {
        define("default", "default_value boolean", Filters::orDefault);
        define("d", "default_value boolean", Filters::orDefault);
        define("abs", "", (input, _) -> absolute(input));
        define("int", "default base", Filters::toInteger);
        define("float", "default", Filters::toReal);
        define("round", "precision method", Filters::round);
        define("string", "", (input, _) -> input instanceof Markup ? input : PythonText.str(input));
        define("safe", "", (input, _) -> input instanceof Markup ? input : new Markup(PythonText.str(input)));
        define("escape", "", (input, _) -> Markup.escape(input));
        define("e", "", (input, _) -> Markup.escape(input));
        define("forceescape", "", (input, _) -> Markup.escape(PythonText.str(input)));
        define("attr", "name", (input, a) -> attribute(input, a.string("name")));
        ALL.put("tojson", Json::dumps);
        TextFilters.define();
        SequenceFilters.define();
    }

    private Filters() {}

    /** Adds a filter with its parameters, separated by spaces. */
    static void define(String name, String parameters, Body body) {
        ALL.put(name, (input, arguments) -> body.apply(input, arguments.bind("the filter '" + name + "'", parameters)));
    }

    /** Adds a filter that looks at its arguments itself. */
    static void defineOpen(String name, Body body) {
        ALL.put(name, body);
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static Object apply(String name, Object input, Arguments arguments) {
        Body body = ALL.get(name);
        if (body == null) {
            throw new TemplateException("no filter named '" + name + "'");
        }
        return body.apply(input, arguments);
    }

    private static Object orDefault(Object input, Arguments arguments) {
        boolean missing = input instanceof Undefined || arguments.truth("boolean", false) && !Values.truth(input);
        return missing ? arguments.get("default_value", "") : input;
    }

    private static Object absolute(Object input) {
        if (input instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (!Arithmetic.isNumber(input)) {
            throw new TemplateException("bad operand type for abs(): '" + Values.typeName(input) + "'");
        }
        return input instanceof Double real
                ? (Object) Math.abs(real)
                : Arithmetic.normal(Arithmetic.big(input).abs());
    }

    private static Object attribute(Object input, String name) {
        if (input instanceof Undefined undefined) {
            throw undefined.failure();
        }
        return Attributes.member(input, name);
    }

    private static Object toInteger(Object input, Arguments arguments) {
        Object otherwise = arguments.get("default", 0L);
        return switch (input) {
            case Double real -> Double.isNaN(real) || Double.isInfinite(real) ? otherwise : truncate(real);
            case String text -> {
                Object integer = parseInteger(text, (int) arguments.integer("base", 10));
                if (integer == null) {
                    Double real = parseReal(text);
                    yield real == null || !Double.isFinite(real) ? otherwise : truncate(real);
                }
                yield integer;
            }
            case Undefined undefined -> throw undefined.failure();
            default -> Arithmetic.isInteger(input) ? Arithmetic.normal(Arithmetic.big(input)) : otherwise;
        };
    }

    /** The integer part of a number. */
    static Object truncate(double real) {
        if (Double.isNaN(real) || Double.isInfinite(real)) {
            throw new TemplateException("cannot convert float " + PythonText.real(real) + " to integer");
        }
        return Arithmetic.normal(new BigDecimal(real).toBigInteger());
    }

    private static @Nullable Object parseInteger(String text, int base) {
        String digits = Characters.strip(text).toLowerCase(Locale.ROOT).replaceAll("(?<=[0-9a-z])_(?=[0-9a-z])", "");
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        String sign = digits.startsWith("-") ? "-" : "";
        String magnitude = digits.startsWith("-") || digits.startsWith("+") ? digits.substring(1) : digits;
        if (!prefix.isEmpty() && magnitude.startsWith(prefix)) {
            magnitude = magnitude.substring(2);
        }
        if (magnitude.isEmpty() || magnitude.length() > 4300 || !Character.isLetterOrDigit(magnitude.codePointAt(0))) {
            return null;
        }
        try {
            return Arithmetic.normal(new BigInteger(sign + magnitude, base));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static @Nullable Double parseReal(String text) {
        String number = Characters.strip(text).toLowerCase(Locale.ROOT).replaceAll("(?<=\\d)_(?=\\d)", "");
        if (number.matches("[-+]?(inf|infinity|nan)")) {
            double value = number.endsWith("nan") ? Double.NaN : Double.POSITIVE_INFINITY;
            return number.startsWith("-") ? -value : value;
        }
        return number.length() < 5000 && number.matches("[-+]?(\\d++\\.?\\d*+|\\.\\d++)(e[-+]?\\d++)?+")
                ? Double.valueOf(number)
                : null;
    }

    private static Object toReal(Object input, Arguments arguments) {
        Object otherwise = arguments.get("default", 0.0);
        return switch (input) {
            case String text -> {
                Double real = parseReal(text);
                yield real == null ? otherwise : real;
            }
            case Undefined undefined -> throw undefined.failure();
            default -> Arithmetic.isNumber(input) ? (Object) Arithmetic.real(input) : otherwise;
        };
    }

    private static Object round(Object input, Arguments arguments) {
        if (!Arithmetic.isNumber(input)) {
            throw new TemplateException("the filter 'round' wants a number, not " + Values.typeName(input));
        }
        int precision = Math.clamp(arguments.integer("precision", 0), -400, 400);
        String method = arguments.string("method", "common");
        boolean isCommon = method.equals("common");
        if (!isCommon && !method.equals("ceil") && !method.equals("floor")) {
            throw new TemplateException("the filter 'round' knows the methods common, ceil and floor");
        }
        if (!isCommon) {
            double scaled = Arithmetic.real(input) * Math.pow(10, precision);
            return (method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / Math.pow(10, precision);
        }
        if (input instanceof Double real) {
            return Double.isFinite(real)
                    ? (Object) Math.copySign(
                            new BigDecimal(real)
                                    .setScale(precision, RoundingMode.HALF_EVEN)
                                    .abs()
                                    .doubleValue(),
                            real)
                    : real;
        }
        BigDecimal whole = new BigDecimal(Arithmetic.big(input));
        return Arithmetic.normal(
                whole.setScale(Math.min(0, precision), RoundingMode.HALF_EVEN).toBigInteger());
    }
}
