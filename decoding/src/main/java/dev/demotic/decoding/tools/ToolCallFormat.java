package dev.demotic.decoding.tools;

import java.util.List;

/** How the models of a family write calls. */
public enum ToolCallFormat {
    /** Hermes and Qwen: {@code <tool_call>{"name": ..., "arguments": {...}}</tool_call>}, once for each call. */
    HERMES("<tool_call>", "</tool_call>", false),
    /** Llama 3: the whole reply is {@code {"name": ..., "parameters": {...}}}, after {@code <|python_tag|>} or not. */
    LLAMA("<|python_tag|>", "", true),
    /** Mistral: {@code [TOOL_CALLS]} and a JSON array of calls, or {@code name[ARGS]{...}}, where tokens show no text. */
    MISTRAL("[TOOL_CALLS]", "", true),
    /** Whatever model: it was told the form of Hermes, and may answer with bare JSON all the same. */
    GENERIC("<tool_call>", "</tool_call>", true);

    private final String open;
    private final String close;
    private final boolean mayBeBare;

    ToolCallFormat(String open, String close, boolean mayBeBare) {
        this.open = open;
        this.close = close;
        this.mayBeBare = mayBeBare;
    }

    /** What announces calls. */
    String open() {
        return open;
    }

    /** What ends them; may be empty. */
    String close() {
        return close;
    }

    /** All pieces by which calls are told apart; some tokenizers have control tokens for them. */
    List<String> marks() {
        return this == MISTRAL ? List.of(open, "[CALL_ID]", "[ARGS]") : List.of(open, close);
    }

    /** Whether a reply that starts with a call is one without being announced. */
    boolean mayBeBare() {
        return mayBeBare;
    }

    /** The format that a chat template shows its model. */
    static ToolCallFormat ofTemplate(String template) {
        if (template.contains("<tool_call>")) {
            return HERMES;
        }
        if (template.contains("[TOOL_CALLS]")) {
            return MISTRAL;
        }
        if (template.contains("<|python_tag|>") || template.contains("<|start_header_id|>")) {
            return LLAMA;
        }
        return GENERIC;
    }
}
