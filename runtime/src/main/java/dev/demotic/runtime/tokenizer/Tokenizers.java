package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.format.Metadata;

/** Builds tokenizers; the tokenizers room replaces this. */
public final class Tokenizers {
    private Tokenizers() {}

    @SuppressWarnings("DoNotCallSuggester")
    public static Tokenizer of(Metadata metadata) {
        throw new dev.demotic.runtime.DemoticException("no tokenizers yet");
    }
}
