package dev.demotic.runtime.tokenizer;

import java.util.BitSet;

/**
 * Cuts a text before visible spaces where no token could span the cut, so that long texts become short words.
 *
 * <p>The tokens are the same as without cutting: merges only ever make tokens, and no token has these two characters
 * beside each other.
 */
final class WordStarts implements PreTokenizer {
    /** Characters that some token has before a visible space. */
    private final BitSet joined = new BitSet();

    WordStarts(Vocabulary vocabulary) {
        for (int id = 0; id < vocabulary.size(); id++) {
            String piece = vocabulary.piece(id);
            for (int i = piece.indexOf(Metaspace.SPACE, 1); i > 0; i = piece.indexOf(Metaspace.SPACE, i + 1)) {
                joined.set(piece.charAt(i - 1));
            }
        }
    }

    @Override
    public void split(String text, boolean first, Words out) {
        int start = 0;
        for (int i = text.indexOf(Metaspace.SPACE, 1); i > 0; i = text.indexOf(Metaspace.SPACE, i + 1)) {
            if (!joined.get(text.charAt(i - 1))) {
                out.word(text.substring(start, i), first && start == 0);
                start = i;
            }
        }
        out.word(text.substring(start), first && start == 0);
    }
}
