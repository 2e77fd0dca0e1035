package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Which of a repository's GGUF files a reference means. */
final class GgufChoice {
    private static final String EXTENSION = ".gguf";
    /** What is taken when nothing is named: the usual balance of size and quality, then the nearest to lossless. */
    private static final List<String> PREFERRED_TAGS = List.of("Q4_K_M", "Q8_0");

    private static final Pattern SPLIT = Pattern.compile("-\\d{5}-of-\\d{5}\\.gguf$", Pattern.CASE_INSENSITIVE);
    /** GGUF files that are no language models: vision projectors and quantization statistics. */
    private static final Pattern COMPANION = Pattern.compile("(?:^|/)mmproj|imatrix", Pattern.CASE_INSENSITIVE);

    private GgufChoice() {}

    static boolean isGguf(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(EXTENSION);
    }

    /** True for a GGUF file that holds a language model, or a part of one. */
    static boolean isModel(String name) {
        return isGguf(name) && !COMPANION.matcher(name).find();
    }

    /**
     * The file that the reference's file or tag means among these, or the preferred one where it names none.
     *
     * @param names GGUF files, at least one
     * @throws DemoticException if there is none, several, or the one there is comes in parts
     */
    static String choose(HubReference reference, List<String> names) {
        List<String> candidates = candidates(reference, names);
        if (candidates.isEmpty()) {
            throw new DemoticException("there is no \"" + reference.file().orElse("") + "\" in "
                    + reference.repository() + "; its GGUF files are " + String.join(", ", names));
        }
        List<String> whole = candidates.stream().filter(name -> !isSplit(name)).toList();
        if (whole.isEmpty()) {
            List<String> others = names.stream().filter(name -> !isSplit(name)).toList();
            throw new DemoticException(candidates.getFirst() + " of " + reference.repository()
                    + " is one part of a split GGUF file, which Demotic does not load; "
                    + (others.isEmpty()
                            ? "look for a repository with the model in one file"
                            : "pull one of " + String.join(", ", others)));
        }
        if (whole.size() > 1) {
            throw new DemoticException(reference + " could be any of " + String.join(", ", whole) + "; name one, as in "
                    + reference.withFile(whole.stream().findFirst()));
        }
        return whole.getFirst();
    }

    /** The files among these that the reference could mean; with neither file nor tag, those of the preferred tag. */
    static List<String> candidates(HubReference reference, List<String> names) {
        return reference.file().map(file -> named(names, file)).orElseGet(() -> preferred(names));
    }

    private static List<String> named(List<String> names, String file) {
        if (names.contains(file)) {
            return List.of(file);
        }
        return isGguf(file) ? List.of() : tagged(names, file);
    }

    private static List<String> preferred(List<String> names) {
        return PREFERRED_TAGS.stream()
                .map(tag -> tagged(names, tag).stream()
                        .filter(name -> !isSplit(name))
                        .toList())
                .filter(tagged -> !tagged.isEmpty())
                .findFirst()
                .orElse(names);
    }

    /** Files that bear the tag as a word of its own: Q4_K is neither in Q4_K_M nor in IQ4_K. */
    private static List<String> tagged(List<String> names, String tag) {
        Pattern word =
                Pattern.compile("(?<![a-z0-9])" + Pattern.quote(tag) + "(?![a-z0-9_])", Pattern.CASE_INSENSITIVE);
        return names.stream().filter(name -> word.matcher(name).find()).toList();
    }

    private static boolean isSplit(String name) {
        return SPLIT.matcher(name).find();
    }
}
