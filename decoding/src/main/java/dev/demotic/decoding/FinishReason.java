package dev.demotic.decoding;

/** Why a reply ended. */
public enum FinishReason {
    /** The model ended it, or a stop string came. */
    STOP,
    /** The token limit or the end of the context was reached. */
    LENGTH,
    /** The thread was interrupted. */
    CANCELLED;

    /** The name in JSON, as OpenAI has it. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
