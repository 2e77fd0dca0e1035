package dev.demotic.decoding.method;

/** What a method does with a draft model. */
public enum DraftUse {
    NONE,
    OPTIONAL,
    REQUIRED,
    /** It needs one that computes while the target does: both are best opened with threads of their own. */
    AT_ONCE;

    /** Whether the method does not work without one. */
    public boolean isRequired() {
        return this == REQUIRED || this == AT_ONCE;
    }
}
