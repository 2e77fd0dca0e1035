package dev.demotic.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes such as 4g, 512m or 1.5g, in binary units, as bytes. */
final class MemorySize implements ITypeConverter<Long> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)([kmgt]?)(?:i?b)?");

    @Override
    public Long convert(String text) {
        Matcher form = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!form.matches()) {
            throw new TypeConversionException("'" + text + "' is no size; write it as 4g or 512m");
        }
        int power =
                " kmgt".indexOf(form.group(2).isEmpty() ? ' ' : form.group(2).charAt(0));
        return (long) (Double.parseDouble(form.group(1)) * (1L << 10 * power));
    }
}
