package dev.demotic.runtime.tokenizer;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The tokens that frame a text.
 *
 * @param stops tokens that end a reply
 * @param addsBos the model wants BOS before a raw prompt
 * @param addsEos the model wants EOS after a raw prompt
 */
record SpecialTokens(OptionalInt bos, OptionalInt eos, Set<Integer> stops, boolean addsBos, boolean addsEos) {
    /** Pieces that end a turn or a document in the vocabularies of open models. */
    private static final List<String> END_PIECES = List.of(
            "</s>",
            "<eos>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "[EOS]",
            "[e~[",
            "<turn|>",
            "<|call|>",
            "<|calls|>",
            "<|end|>",
            "<|eom_id|>",
            "<|eot_id|>",
            "<|flush|>",
            "<|im_end|>",
            "<|return|>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<|end_of_turn|>",
            "<|eot|>",
            "<|eom|>",
            "<end_of_turn>",
            "<end_of_utterance>",
            "<|tool_response>",
            "<|endofprompt|>",
            "<|EOT|>",
            "<|end_of_role|>",
            "<｜end▁of▁sentence｜>",
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>");

    /**
     * Finds the stop tokens: those given, and control tokens whose piece is known to end a turn.
     *
     * <p>Where a vocabulary marks messages of a reply that goes on, its {@code <|end|>} ends none (Harmony), and a
     * vocabulary with {@code <|tool_response>} uses {@code </s>} for strike-through (Gemma 4).
     */
    static Set<Integer> stops(Vocabulary vocabulary, Set<Integer> given) {
        Set<Integer> stops = new LinkedHashSet<>(given);
        for (String piece : END_PIECES) {
            int id = vocabulary.find(piece);
            if (id != Vocabulary.NONE && isMarked(vocabulary.kind(id))) {
                stops.add(id);
            }
        }
        boolean returns = has(stops, vocabulary, "<|return|>") && has(stops, vocabulary, "<|call|>");
        boolean flushes = has(stops, vocabulary, "<|flush|>") && has(stops, vocabulary, "<|calls|>");
        if (returns || flushes) {
            stops.remove(vocabulary.find("<|end|>"));
        }
        if (has(stops, vocabulary, "<|tool_response>")) {
            stops.remove(vocabulary.find("</s>"));
        }
        return Set.copyOf(stops);
    }

    private static boolean isMarked(Vocabulary.Kind kind) {
        return kind == Vocabulary.Kind.CONTROL || kind == Vocabulary.Kind.USER_DEFINED;
    }

    private static boolean has(Set<Integer> stops, Vocabulary vocabulary, String piece) {
        return stops.contains(vocabulary.find(piece));
    }
}
