package dev.demotic.runtime.format.hub;

import dev.demotic.runtime.DemoticException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** File names that come from outside: relative, with '/' between the parts, and staying below their folder on every system. */
final class SafeName {
    /** A part does not end in a space or dot, and holds nothing that some system reads otherwise. */
    private static final Pattern PART = Pattern.compile("[^\\p{Cntrl}\\\\/:*?\"<>|]*[^\\p{Cntrl}\\\\/:*?\"<>|. ]");

    private static final int LONGEST = 1024;

    private SafeName() {}

    /** Returns the name, or throws a {@link DemoticException} if it could leave the folder it is put into. */
    static String require(String name) {
        boolean safe = name.length() <= LONGEST;
        for (String part : name.split("/", -1)) {
            safe &= PART.matcher(part).matches();
        }
        if (!safe) {
            throw new DemoticException("the file name \"" + printable(name)
                    + "\" is refused, because it is no plain relative path; name another file");
        }
        return name;
    }

    static Path resolve(Path folder, String name) {
        return folder.resolve(require(name));
    }

    private static String printable(String name) {
        String cut = name.length() > 100 ? name.substring(0, 100) + "..." : name;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
