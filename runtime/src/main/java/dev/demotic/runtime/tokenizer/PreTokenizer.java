package dev.demotic.runtime.tokenizer;

import java.util.List;

/** Cuts a text into the words that the subword model then sees one by one, perhaps changing them on the way. */
interface PreTokenizer {
    /** Takes the words in order; empty ones are dropped. */
    interface Words {
        /** @param first true if the word starts where the whole text does */
        void word(String word, boolean first);
    }

    /** The text as one word. */
    PreTokenizer WHOLE = (text, first, out) -> out.word(text, first);

    /** @param first true if the text starts where the whole text does */
    void split(String text, boolean first, Words out);

    /** Cuts each word further. */
    default PreTokenizer then(PreTokenizer next) {
        return (text, first, out) -> split(text, first, (word, isFirst) -> {
            if (!word.isEmpty()) {
                next.split(word, isFirst, out);
            }
        });
    }

    static PreTokenizer sequence(List<PreTokenizer> steps) {
        return steps.stream().reduce(PreTokenizer::then).orElse(WHOLE);
    }

    /** Turns each word into GPT-2's byte alphabet. */
    static PreTokenizer byteLevel() {
        return (text, first, out) -> out.word(ByteLevel.encode(text), first);
    }
}
