package dev.demotic.runtime.tokenizer;

import java.text.Normalizer.Form;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Changes a text before it is cut: spelling variants, case, white space. */
interface Normalizer {
    Normalizer NONE = text -> text;

    String normalize(String text);

    static Normalizer sequence(List<Normalizer> steps) {
        return text -> {
            String result = text;
            for (Normalizer step : steps) {
                result = step.normalize(result);
            }
            return result;
        };
    }

    static Normalizer unicode(Form form) {
        return text -> java.text.Normalizer.normalize(text, form);
    }

    /** Character by character, as Rust does it: a final sigma is a sigma like any other. */
    static Normalizer lowercase() {
        return text -> {
            StringBuilder lower = new StringBuilder(text.length());
            text.codePoints().forEach(c -> {
                if (c == 'İ') {
                    lower.append("i̇".toLowerCase(Locale.ROOT));
                } else {
                    lower.appendCodePoint(Character.toLowerCase(c));
                }
            });
            return lower.toString();
        };
    }

    static Normalizer remove(IntPredicate characters) {
        return text -> text.codePoints()
                .filter(characters.negate())
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    static Normalizer prepend(String prefix) {
        return text -> text.isEmpty() ? text : prefix + text;
    }

    static Normalizer replace(String target, String by) {
        return text -> text.replace(target, by);
    }

    static Normalizer replace(Pattern target, String by) {
        String literal = Matcher.quoteReplacement(by);
        return text -> target.matcher(text).replaceAll(literal);
    }

    static Normalizer strip(boolean left, boolean right) {
        return text -> {
            int start = left ? Characters.spaceAfter(text, 0) : 0;
            int end = right ? Math.max(start, Characters.spaceBefore(text, text.length())) : text.length();
            return text.substring(start, end);
        };
    }
}
