package dev.demotic.runtime.template;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** The tests behind {@code is}. */
final class Tests {
    private static final Set<String> PLAIN = Set.of(
            "defined",
            "undefined",
            "none",
            "boolean",
            "true",
            "false",
            "integer",
            "float",
            "number",
            "string",
            "mapping",
            "sequence",
            "iterable",
            "callable",
            "escaped",
            "lower",
            "upper",
            "odd",
            "even",
            "filter",
            "test");
    private static final Set<String> COMPARING = Set.of(
            "divisibleby",
            "sameas",
            "in",
            "eq",
            "equalto",
            "==",
            "ne",
            "!=",
            "lt",
            "lessthan",
            "<",
            "le",
            "<=",
            "gt",
            "greaterthan",
            ">",
            "ge",
            ">=");

    private Tests() {}

    /** {@code value is name(arguments)}. */
    static boolean apply(String name, Object value, Arguments arguments) {
        if (PLAIN.contains(name)) {
            arguments.bind("the test '" + name + "'", "");
            return plain(name, value);
        }
        if (COMPARING.contains(name)) {
            return comparing(
                    name,
                    value,
                    arguments.bind("the test '" + name + "'", "other").require("other"));
        }
        throw new TemplateException("no test named '" + name + "'");
    }

    private static boolean plain(String name, Object value) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == None.NONE;
            case "boolean" -> value instanceof Boolean;
            case "true" -> value.equals(true);
            case "false" -> value.equals(false);
            case "integer" -> Arithmetic.isInteger(value) && !(value instanceof Boolean);
            case "float" -> value instanceof Double;
            case "number" -> Arithmetic.isNumber(value);
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            case "sequence" ->
                value instanceof String || value instanceof List || value instanceof Map || value instanceof Undefined;
            case "iterable" -> Values.isIterable(value) || value instanceof Loop;
            case "callable" -> value instanceof Callable || value instanceof Undefined;
            case "escaped" -> value instanceof Markup;
            case "lower" -> StringMethods.isLower(PythonText.str(value));
            case "upper" -> StringMethods.isUpper(PythonText.str(value));
            case "odd" -> Values.equal(remainder(value, 2L), 1L);
            case "even" -> Values.equal(remainder(value, 2L), 0L);
            case "filter" -> Filters.exists(PythonText.str(value));
            default -> PLAIN.contains(PythonText.str(value)) || COMPARING.contains(PythonText.str(value));
        };
    }

    private static boolean comparing(String name, Object value, Object other) {
        return switch (name) {
            case "divisibleby" -> !Values.truth(remainder(value, other));
            case "sameas" -> isSame(value, other);
            case "in" -> Values.contains(other, value);
            case "eq", "equalto", "==" -> Values.equal(value, other);
            case "ne", "!=" -> !Values.equal(value, other);
            case "lt", "lessthan", "<" -> compare("<", value, other);
            case "le", "<=" -> compare("<=", value, other);
            case "gt", "greaterthan", ">" -> compare(">", value, other);
            default -> compare(">=", value, other);
        };
    }

    /** {@code left operator right} for one of the comparisons, {@code in} and {@code not in}. */
    static boolean compare(String operator, Object left, Object right) {
        if ("<>".indexOf(operator.charAt(0)) >= 0 && (Arithmetic.isNan(left) || Arithmetic.isNan(right))) {
            return false;
        }
        return switch (operator) {
            case "==" -> Values.equal(left, right);
            case "!=" -> !Values.equal(left, right);
            case "<" -> Values.compare(left, right) < 0;
            case "<=" -> Values.compare(left, right) <= 0;
            case ">" -> Values.compare(left, right) > 0;
            case ">=" -> Values.compare(left, right) >= 0;
            case "in" -> Values.contains(right, left);
            default -> !Values.contains(right, left);
        };
    }

    private static Object remainder(Object value, Object divisor) {
        return Arithmetic.apply("%", value, divisor);
    }

    @SuppressWarnings("ReferenceEquality") // identity is what the test asks for
    private static boolean isSame(Object value, Object other) {
        boolean byValue = Arithmetic.isNumber(value) || value instanceof String;
        return byValue ? value.equals(other) : value == other;
    }
}
