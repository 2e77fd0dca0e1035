package dev.demotic.runtime.tokenizer;

/**
 * WordPiece: from the left, the longest token that fits; a word that cannot be covered is unknown.
 *
 * <p>Source: BERT (Devlin et al. 2018, arXiv:1810.04805).
 *
 * @param startPrefix what pieces at the start of a word begin with
 * @param continuingPrefix what pieces inside a word begin with, such as {@code ##}
 * @param longestWord words of more code points are unknown
 */
record WordPiece(Vocabulary vocabulary, String startPrefix, String continuingPrefix, int longestWord, int unknown)
        implements SubwordModel {
    @Override
    public void encode(String word, TokenList out) {
        TokenList tokens = new TokenList();
        boolean covered = word.codePointCount(0, word.length()) <= longestWord;
        for (int start = 0, end; covered && start < word.length(); start = end) {
            String rest = (start == 0 ? startPrefix : continuingPrefix) + word.substring(start);
            int prefix = rest.length() - (word.length() - start);
            int length = Math.min(rest.length(), vocabulary.longestPiece());
            while (length > prefix && vocabulary.findText(rest, 0, length) == Vocabulary.NONE) {
                length--;
            }
            covered = length > prefix;
            end = start + length - prefix;
            if (covered) {
                tokens.add(vocabulary.findText(rest, 0, length));
            }
        }
        if (covered) {
            out.addAll(tokens.from(0));
        } else if (unknown != Vocabulary.NONE) {
            out.add(unknown);
        }
    }
}
