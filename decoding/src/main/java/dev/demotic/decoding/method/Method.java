package dev.demotic.decoding.method;

import dev.demotic.decoding.DecodingMethod;
import dev.demotic.runtime.LanguageModel;
import java.util.List;

/**
 * An entry of the registry.
 *
 * @param name by which users ask for it
 * @param summary one line, without a full stop
 * @param source where it was published; empty for what is not from a paper
 * @param isLossless whether its text is distributed as that of plain decoding, and the same at temperature 0
 * @param draft what it does with a draft model
 * @param parameters its settings
 * @param maker sets it up
 */
public record Method(
        String name,
        String summary,
        String source,
        boolean isLossless,
        DraftUse draft,
        List<Parameter> parameters,
        Maker maker) {

    /** Sets a method up for a target. */
    @FunctionalInterface
    public interface Maker {
        DecodingMethod make(LanguageModel target, Settings settings);
    }
}
