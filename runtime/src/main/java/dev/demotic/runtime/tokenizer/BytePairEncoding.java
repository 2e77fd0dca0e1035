package dev.demotic.runtime.tokenizer;

/**
 * Byte-pair encoding: a word starts as its characters and merges neighbours in the order in which training learnt the merges.
 *
 * <p>Source: Sennrich et al. 2016, arXiv:1508.07909; options as in Hugging Face's tokenizers.
 */
final class BytePairEncoding implements SubwordModel {
    /**
     * How a model departs from plain byte-pair encoding.
     *
     * @param wholeWords take a word that is a token as it is, whatever the merges say ({@code ignore_merges})
     * @param fuseUnknown one unknown token for a run of unknown characters
     * @param continuingPrefix written before every character of a word but the first; mostly empty
     */
    record Options(boolean wholeWords, boolean fuseUnknown, String continuingPrefix) {
        static final Options PLAIN = new Options(false, false, "");
        static final Options WHOLE_WORDS = new Options(true, false, "");
    }

    private final Vocabulary vocabulary;
    private final MergeTable merges;
    private final Fallback fallback;
    private final Options options;

    BytePairEncoding(Vocabulary vocabulary, MergeTable merges, Fallback fallback, Options options) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.fallback = fallback;
        this.options = options;
    }

    @Override
    public void encode(String word, TokenList out) {
        if (options.wholeWords) {
            int whole = find(word);
            if (whole != Vocabulary.NONE) {
                out.add(whole);
                return;
            }
        }
        int[] symbols = symbols(word);
        SymbolMerger merger = new SymbolMerger(symbols.length) {
            @Override
            long merge(int left, int right) {
                return merges.find(ids[left], ids[right]);
            }
        };
        System.arraycopy(symbols, 0, merger.ids, 0, symbols.length);
        merger.run();
        for (int i = 0; i < symbols.length; i = merger.after(i)) {
            out.add(merger.ids[i]);
        }
    }

    /** The word's characters as tokens, byte tokens for those that are none. */
    private int[] symbols(String word) {
        TokenList symbols = new TokenList();
        boolean afterUnknown = false;
        for (int start = 0, end; start < word.length(); start = end) {
            end = word.offsetByCodePoints(start, 1);
            int id = token(word, start, end);
            if (id != Vocabulary.NONE) {
                symbols.add(id);
                afterUnknown = false;
            } else if (!fallback.addBytes(text(word, start, end), symbols) && fallback.unknown() != Vocabulary.NONE) {
                if (!(afterUnknown && options.fuseUnknown)) {
                    symbols.add(fallback.unknown());
                }
                afterUnknown = true;
            }
        }
        return symbols.from(0);
    }

    private int token(String word, int start, int end) {
        return start == 0 || options.continuingPrefix.isEmpty()
                ? vocabulary.findText(word, start, end)
                : find(text(word, start, end));
    }

    private int find(String piece) {
        return vocabulary.findText(piece, 0, piece.length());
    }

    private String text(String word, int start, int end) {
        String character = word.substring(start, end);
        return start == 0 ? character : options.continuingPrefix + character;
    }
}
