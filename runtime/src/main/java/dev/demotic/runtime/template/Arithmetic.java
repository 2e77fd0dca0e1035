package dev.demotic.runtime.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** {@code + - * / // % **} as Python defines them for numbers, strings and lists. */
final class Arithmetic {
    private static final int WIDEST_INTEGER = 14_000;
    private static final BigInteger LOWEST = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger HIGHEST = BigInteger.valueOf(Long.MAX_VALUE);

    private Arithmetic() {}

    /** An integer as a Long where it fits. */
    static Object normal(BigInteger value) {
        if (value.compareTo(LOWEST) >= 0 && value.compareTo(HIGHEST) <= 0) {
            return value.longValue();
        }
        if (value.bitLength() > WIDEST_INTEGER) {
            throw new TemplateException("an integer is too large");
        }
        return value;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
    }

    static boolean isNumber(Object value) {
        return isInteger(value) || value instanceof Double;
    }

    static boolean isNan(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    static BigInteger big(Object integer) {
        return switch (integer) {
            case Long number -> BigInteger.valueOf(number);
            case Boolean flag -> flag ? BigInteger.ONE : BigInteger.ZERO;
            default -> (BigInteger) integer;
        };
    }

    static double real(Object number) {
        return switch (number) {
            case Double real -> real;
            case Long integer -> integer.doubleValue();
            default -> big(number).doubleValue();
        };
    }

    static int compare(Object left, Object right) {
        if (left instanceof Long a && right instanceof Long b) {
            return Long.compare(a, b);
        }
        if (isInteger(left) && isInteger(right)) {
            return big(left).compareTo(big(right));
        }
        double a = real(left);
        double b = real(right);
        if (Double.isFinite(a) && Double.isFinite(b)) {
            return exact(left).compareTo(exact(right));
        }
        return a < b ? -1 : a > b ? 1 : 0;
    }

    private static BigDecimal exact(Object number) {
        return number instanceof Double real ? new BigDecimal(real) : new BigDecimal(big(number));
    }

    static Object apply(String operator, Object left, Object right) {
        if (isNumber(left) && isNumber(right)) {
            return isInteger(left) && isInteger(right)
                    ? integers(operator, left, right)
                    : reals(operator, real(left), real(right));
        }
        if (left instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (operator.equals("%") && left instanceof String format) {
            return Formats.percent(format, right);
        }
        if (right instanceof Undefined undefined) {
            throw undefined.failure();
        }
        return switch (operator) {
            case "+" -> add(left, right);
            case "*" -> isInteger(left) ? repeat(right, Values.integer(left, ""), left) : repeat(left, right, right);
            default -> throw unsupported(operator, left, right);
        };
    }

    private static Object add(Object left, Object right) {
        if (left instanceof String a && right instanceof String b) {
            Budget.grow((long) a.length() + b.length());
            return a.concat(b);
        }
        if (left instanceof List<?> a
                && right instanceof List<?> b
                && !(left instanceof Range)
                && Values.typeName(a).equals(Values.typeName(b))) {
            Budget.growList((long) a.size() + b.size());
            List<Object> sum = new ArrayList<>(a);
            sum.addAll(b);
            return left instanceof Tuple ? new Tuple(sum) : sum;
        }
        throw unsupported("+", left, right);
    }

    private static Object repeat(Object value, Object times, Object right) {
        if (!isInteger(times)) {
            throw unsupported("*", value, right);
        }
        long count = Math.max(0, Values.integer(times, "the factor"));
        if (value instanceof String text) {
            Budget.grow(Math.multiplyHigh(count, text.length()) != 0 ? Long.MAX_VALUE : count * text.length());
            return text.repeat(text.isEmpty() ? 0 : (int) count);
        }
        if (value instanceof List<?> list && !(value instanceof Range)) {
            Budget.growList(Math.multiplyHigh(count, list.size()) != 0 ? Long.MAX_VALUE : count * list.size());
            List<Object> product = new ArrayList<>();
            for (long i = 0; i < count && !list.isEmpty(); i++) {
                product.addAll(list);
            }
            return value instanceof Tuple ? new Tuple(product) : product;
        }
        throw unsupported("*", value, right);
    }

    private static Object integers(String operator, Object left, Object right) {
        BigInteger a = big(left);
        BigInteger b = big(right);
        return switch (operator) {
            case "+" -> normal(a.add(b));
            case "-" -> normal(a.subtract(b));
            case "*" -> normal(a.multiply(b));
            case "/" -> quotient(a, nonZero(b));
            case "//" -> normal(floorDivide(a, nonZero(b)));
            case "%" -> normal(a.subtract(floorDivide(a, nonZero(b)).multiply(b)));
            default -> b.signum() < 0 ? reals(operator, a.doubleValue(), b.doubleValue()) : power(a, b);
        };
    }

    private static Object quotient(BigInteger a, BigInteger b) {
        double quotient = new BigDecimal(a)
                .divide(new BigDecimal(b), java.math.MathContext.DECIMAL128)
                .doubleValue();
        if (a.bitLength() <= 53 && b.bitLength() <= 53) {
            quotient = a.doubleValue() / b.doubleValue();
        }
        return quotient;
    }

    private static BigInteger floorDivide(BigInteger a, BigInteger b) {
        BigInteger[] parts = a.divideAndRemainder(b);
        return parts[1].signum() != 0 && parts[1].signum() != b.signum() ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private static Object power(BigInteger base, BigInteger exponent) {
        if (base.bitLength() > 1
                && exponent.multiply(BigInteger.valueOf(base.bitLength())).bitLength() > 14) {
            throw new TemplateException("an integer is too large");
        }
        if (base.bitLength() <= 1) {
            return normal(base.pow(exponent.bitLength() > 1 ? exponent.intValue() & 1 | 2 : exponent.intValue()));
        }
        return normal(base.pow(exponent.intValueExact()));
    }

    private static BigInteger nonZero(BigInteger divisor) {
        if (divisor.signum() == 0) {
            throw new TemplateException("division by zero");
        }
        return divisor;
    }

    private static Object reals(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new TemplateException("division by zero");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.rint((a - modulo(a, b)) / b);
            case "%" -> modulo(a, b);
            default -> {
                if (a == 0 && b < 0) {
                    throw new TemplateException("0.0 cannot be raised to a negative power");
                }
                double power = Math.pow(a, b);
                if (Double.isInfinite(power) && Double.isFinite(a) && Double.isFinite(b)) {
                    throw new TemplateException("the result of ** is too large");
                }
                if (Double.isNaN(power) && !Double.isNaN(a) && !Double.isNaN(b)) {
                    throw new TemplateException("a negative number cannot be raised to a fractional power");
                }
                yield power;
            }
        };
    }

    private static double modulo(double a, double b) {
        double remainder = a % b;
        if (remainder != 0 && remainder < 0 != b < 0) {
            return remainder + b;
        }
        return remainder == 0 ? Math.copySign(0.0, b) : remainder;
    }

    static Object negate(Object operand) {
        return switch (operand) {
            case Double real -> -real;
            case Undefined undefined -> throw undefined.failure();
            default -> {
                if (!isInteger(operand)) {
                    throw new TemplateException("bad operand type for unary -: '" + Values.typeName(operand) + "'");
                }
                yield normal(big(operand).negate());
            }
        };
    }

    static Object plus(Object operand) {
        return operand instanceof Double ? operand : negate(negate(operand));
    }

    private static TemplateException unsupported(String operator, Object left, Object right) {
        return new TemplateException("unsupported operand types for " + operator + ": '" + Values.typeName(left)
                + "' and '" + Values.typeName(right) + "'");
    }
}
