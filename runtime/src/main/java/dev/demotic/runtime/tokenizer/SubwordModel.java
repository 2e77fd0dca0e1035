package dev.demotic.runtime.tokenizer;

/** The heart of a tokenizer: cuts one pre-tokenized word into tokens. */
interface SubwordModel {
    /**
     * Appends the tokens of a word.
     *
     * @param word not empty, normalized, in well-formed UTF-16
     */
    void encode(String word, TokenList out);
}
