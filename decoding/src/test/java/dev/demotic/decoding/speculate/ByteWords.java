package dev.demotic.decoding.speculate;

import dev.demotic.runtime.format.Metadata;
import java.util.ArrayList;
import java.util.List;

/** Byte-level BPE tokenizers: a token for each byte, some for longer pieces, and one that ends a text. */
final class ByteWords {
    static final String END = "<|end|>";

    private ByteWords() {}

    /**
     * Describes a tokenizer as GGUF does.
     *
     * @param words what is one token beside the bytes, each of ASCII letters and Ġ for a space
     */
    static int describe(Metadata metadata, String... words) {
        List<String> pieces = new ArrayList<>();
        // The letters of byte-level BPE: printable bytes stand for themselves, the others for what follows U+0100.
        int shifted = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean isPrintable = (value >= '!' && value <= '~') || (value >= 0xA1 && value != 0xAD);
            pieces.add(Character.toString(isPrintable ? value : shifted++));
        }
        List<String> merges = new ArrayList<>();
        for (String word : words) {
            for (int end = 2; end <= word.length(); end++) {
                String merge = word.substring(0, end - 1) + " " + word.charAt(end - 1);
                if (!merges.contains(merge)) {
                    merges.add(merge);
                    pieces.add(word.substring(0, end));
                }
            }
        }
        pieces.add(END);
        int[] types = new int[pieces.size()];
        java.util.Arrays.fill(types, 1);
        types[types.length - 1] = 3;
        metadata.put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "gpt-2")
                .put("tokenizer.ggml.tokens", pieces.toArray(String[]::new))
                .put("tokenizer.ggml.merges", merges.toArray(String[]::new))
                .put("tokenizer.ggml.token_type", types)
                .put("tokenizer.ggml.eos_token_id", types.length - 1L);
        return pieces.size();
    }
}
