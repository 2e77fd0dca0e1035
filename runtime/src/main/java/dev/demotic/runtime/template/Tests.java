package dev.demotic.runtime.template;

import java.util.List;
import java.util.Map;

/** The tests behind {@code is}. */
final class Tests {
    private Tests() {}

    static boolean apply(String name, Object value, Arguments arguments) {
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
            case "string" -> value instanceof String || value instanceof Markup;
            case "mapping" -> value instanceof Map;
            case "sequence" ->
                value instanceof String
                        || value instanceof List
                        || value instanceof Map
                        || value instanceof Undefined
                        || value instanceof Markup;
            case "iterable" -> Values.isIterable(value) || value instanceof Loop;
            case "callable" -> value instanceof Callable || value instanceof Undefined;
            case "escaped" -> value instanceof Markup;
            case "lower" -> StringMethods.isLower(PythonText.str(value));
            case "upper" -> StringMethods.isUpper(PythonText.str(value));
            case "odd" -> remainder(value, 2L).equals(1L);
            case "even" -> remainder(value, 2L).equals(0L);
            case "divisibleby" -> !Values.truth(remainder(value, only(name, arguments)));
            case "sameas" -> isSame(value, only(name, arguments));
            case "in" -> Values.contains(only(name, arguments), value);
            case "filter" -> Filters.exists(PythonText.str(value));
            case "test" -> exists(PythonText.str(value));
            case "eq", "equalto", "==" -> Values.equal(value, only(name, arguments));
            case "ne", "!=" -> !Values.equal(value, only(name, arguments));
            case "lt", "lessthan", "<" -> compare("<", value, only(name, arguments));
            case "le", "<=" -> compare("<=", value, only(name, arguments));
            case "gt", "greaterthan", ">" -> compare(">", value, only(name, arguments));
            case "ge", ">=" -> compare(">=", value, only(name, arguments));
            default -> throw new TemplateException("no test named '" + name + "'");
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

    private static boolean exists(String name) {
        try {
            apply(name, None.NONE, Arguments.of(0L));
            return true;
        } catch (TemplateException e) {
            return !String.valueOf(e.getMessage()).startsWith("no test");
        }
    }

    private static Object only(String name, Arguments arguments) {
        return arguments.bind("the test '" + name + "'", "other").require("other");
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
