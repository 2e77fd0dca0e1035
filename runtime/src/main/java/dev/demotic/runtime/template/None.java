package dev.demotic.runtime.template;

/** Python's {@code None}. */
enum None {
    NONE
}
