package dev.demotic.decoding.method;

/** What a method does with a draft model. */
public enum DraftUse {
    NONE,
    OPTIONAL,
    REQUIRED
}
