package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a user writes to name a model on the hub: {@code hf:owner/name[:file][@revision]}.
 *
 * @param owner the user or organisation
 * @param name the repository
 * @param file a GGUF file of the repository, or a quantization tag such as {@code Q8_0} that one of its files bears
 * @param revision a branch, tag or commit
 */
public record HubReference(String owner, String name, Optional<String> file, Optional<String> revision) {
    private static final String SCHEME = "hf:";
    private static final String DEFAULT_REVISION = "main";
    private static final Pattern FORM = Pattern.compile("([^/:@]+)/([^/:@]+)(?::([^@]*))?(?:@(.*))?", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("\\w(?:[\\w.-]{0,94}\\w)?");
    /** What git allows in a reference, less what no hub has. */
    private static final Pattern REVISION =
            Pattern.compile("[^\\s\\p{Cntrl}~^:?*\\[\\\\/.-][^\\s\\p{Cntrl}~^:?*\\[\\\\]*");

    public HubReference {
        String repository = owner + "/" + name;
        if (!isName(owner) || !isName(name)) {
            throw new DemoticException("\"" + repository
                    + "\" is not the name of a Hugging Face repository; names are owner/name, of letters,"
                    + " digits, '-', '_' and '.'");
        }
        file.ifPresent(SafeName::require);
        revision.ifPresent(HubReference::requireRevision);
    }

    /**
     * Reads a reference; the leading {@code hf:} may be missing.
     *
     * @throws DemoticException if the text is not of that form
     */
    public static HubReference parse(String text) {
        Matcher form = FORM.matcher(withoutScheme(text));
        if (!form.matches()) {
            throw new DemoticException(
                    "\"" + text + "\" does not name a model on the hub; write hf:owner/name[:file][@revision]");
        }
        return new HubReference(
                form.group(1), form.group(2), Optional.ofNullable(form.group(3)), Optional.ofNullable(form.group(4)));
    }

    /** True if the text can be read as a reference. */
    public static boolean isReference(String text) {
        Matcher form = FORM.matcher(withoutScheme(text));
        return form.matches() && isName(form.group(1)) && isName(form.group(2));
    }

    /** {@code owner/name}. */
    public String repository() {
        return owner + "/" + name;
    }

    /** The revision, or {@code main} where none is named. */
    public String revisionOrDefault() {
        return revision.orElse(DEFAULT_REVISION);
    }

    /** The same repository and revision with this file. */
    public HubReference withFile(Optional<String> otherFile) {
        return new HubReference(owner, name, otherFile, revision);
    }

    /** The same repository and file at this revision; {@code main} is left unsaid. */
    public HubReference withRevision(String otherRevision) {
        return new HubReference(
                owner, name, file, Optional.of(otherRevision).filter(other -> !other.equals(DEFAULT_REVISION)));
    }

    @Override
    public String toString() {
        return SCHEME
                + repository()
                + file.map(f -> ":" + f).orElse("")
                + revision.map(r -> "@" + r).orElse("");
    }

    private static String withoutScheme(String text) {
        return text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text;
    }

    private static boolean isName(String text) {
        return NAME.matcher(text).matches() && !text.contains("..");
    }

    static void requireRevision(String revision) {
        if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
            throw new DemoticException("\"" + revision
                    + "\" is not a revision; write a branch, tag or commit last, as in hf:owner/name:file@"
                    + DEFAULT_REVISION);
        }
    }
}
