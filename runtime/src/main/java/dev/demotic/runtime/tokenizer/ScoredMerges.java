package dev.demotic.runtime.tokenizer;

import java.util.Arrays;

/**
 * SentencePiece's byte-pair encoding: neighbours whose union is a token merge, the token with the highest score first.
 *
 * <p>Source: Kudo and Richardson 2018, arXiv:1808.06226.
 */
final class ScoredMerges implements SubwordModel {
    private final Vocabulary vocabulary;
    private final int[] ranks;
    private final Fallback fallback;

    ScoredMerges(Vocabulary vocabulary, float[] scores, Fallback fallback) {
        this.vocabulary = vocabulary;
        this.ranks = ranks(scores);
        this.fallback = fallback;
    }

    /** The place of each token among the scores, the highest first; equal scores share a place. */
    private static int[] ranks(float[] scores) {
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        int[] ranks = new int[scores.length];
        for (int id = 0; id < scores.length; id++) {
            ranks[id] = firstAbove(sorted, scores[id]);
        }
        return ranks;
    }

    /** How many of the sorted values are greater. */
    private static int firstAbove(float[] sorted, float value) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Float.compare(sorted[middle], value) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return sorted.length - low;
    }

    @Override
    public void encode(String word, TokenList out) {
        int[] starts = word.codePointCount(0, word.length()) == word.length() ? new int[0] : starts(word);
        int symbols = starts.length == 0 ? word.length() : starts.length - 1;
        SymbolMerger merger = new SymbolMerger(symbols) {
            @Override
            long merge(int left, int right) {
                int id = vocabulary.findText(word, start(starts, left), start(starts, after(right)));
                return id == Vocabulary.NONE ? NEVER : (long) ranks[id] << 32 | id;
            }
        };
        for (int i = 0; i < symbols; i++) {
            merger.ids[i] = vocabulary.findText(word, start(starts, i), start(starts, i + 1));
        }
        merger.run();
        for (int i = 0; i < symbols; i = merger.after(i)) {
            if (merger.ids[i] != Vocabulary.NONE) {
                out.add(merger.ids[i]);
            } else {
                fallback.add(word.substring(start(starts, i), start(starts, merger.after(i))), out);
            }
        }
    }

    /** Where each symbol starts, and the end; empty stands for one char a symbol. */
    private static int[] starts(String word) {
        int[] starts = new int[word.codePointCount(0, word.length()) + 1];
        for (int i = 1; i < starts.length; i++) {
            starts[i] = word.offsetByCodePoints(starts[i - 1], 1);
        }
        return starts;
    }

    private static int start(int[] starts, int symbol) {
        return starts.length == 0 ? symbol : starts[symbol];
    }
}
