package dev.demotic.decoding;

import java.util.List;
import java.util.Map;

/** What a decoding method tells of its work on one reply; each method has a type of its own. */
public interface MethodReport {
    /** Its figures by name, in the order in which people read them: numbers, and lists of numbers. */
    Map<String, Object> figures();

    /** What it chose and why, in sentences without a full stop; nothing if it has no choice. */
    default List<String> explanation() {
        return List.of();
    }
}
