package dev.demotic.runtime.template;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Values as Python prints them: {@code str()} and {@code repr()}. */
final class PythonText {
    private static final int SHOWN_IN_FULL = 16;

    private PythonText() {}

    static String str(Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined _ -> "";
            default -> repr(value);
        };
    }

    static String repr(Object value) {
        StringBuilder out = new StringBuilder();
        repr(value, out);
        return out.toString();
    }

    private static void repr(Object value, StringBuilder out) {
        int before = out.length();
        switch (value) {
            case None _ -> out.append("None");
            case Boolean flag -> out.append(flag ? "True" : "False");
            case Double number -> out.append(real(number));
            case String text -> quote(text, out);
            case Tuple tuple -> {
                sequence(tuple, "(", tuple.size() == 1 ? ",)" : ")", out);
            }
            case Range range -> out.append(range.describe());
            case List<?> list -> sequence(list, "[", "]", out);
            case Map<?, ?> map -> dict(map, out);
            case DictView view -> {
                out.append(view.kind()).append('(');
                sequence(view.elements(), "[", "])", out);
            }
            case Undefined _ -> out.append("Undefined");
            case Namespace namespace -> {
                out.append("<Namespace ");
                dict(namespace.attributes(), out);
                out.append('>');
            }
            case Macro macro -> out.append("<Macro '").append(macro.name()).append("'>");
            case Long _ -> out.append(value);
            case java.math.BigInteger _ -> out.append(value);
            default -> out.append('<').append(Values.typeName(value)).append('>');
        }
        Budget.step(1);
        Budget.grow(Math.min(64, out.length() - before));
    }

    private static void sequence(List<?> elements, String open, String close, StringBuilder out) {
        out.append(open);
        Iterator<?> rest = elements.iterator();
        while (rest.hasNext()) {
            repr(rest.next(), out);
            out.append(rest.hasNext() ? ", " : "");
        }
        out.append(close);
    }

    private static void dict(Map<?, ?> map, StringBuilder out) {
        out.append('{');
        Iterator<? extends Map.Entry<?, ?>> rest = map.entrySet().iterator();
        while (rest.hasNext()) {
            Map.Entry<?, ?> entry = rest.next();
            repr(entry.getKey(), out);
            out.append(": ");
            repr(entry.getValue(), out);
            out.append(rest.hasNext() ? ", " : "");
        }
        out.append('}');
    }

    private static void quote(String text, StringBuilder out) {
        Budget.grow(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (Characters.isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(
                                c < 0x100
                                        ? "\\x%02x".formatted(c)
                                        : c < 0x10000 ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    /** The shortest decimal that reads back as this number, with an exponent where Python writes one. */
    static String real(double number) {
        if (Double.isNaN(number)) {
            return "nan";
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        }
        if (number == 0) {
            return 1 / number < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent >= -4 && exponent < SHOWN_IN_FULL) {
            String plain = shortest.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = shortest.unscaledValue().abs().toString();
        return (number < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }
}
