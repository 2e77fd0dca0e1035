package dev.demotic.runtime.template;

/** A chat template; the templates room replaces this. */
public final class ChatTemplate {
    private ChatTemplate() {}

    public static ChatTemplate parse(String source) {
        return new ChatTemplate();
    }
}
