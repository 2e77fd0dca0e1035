package dev.demotic.runtime.tokenizer;

import java.util.Arrays;

/**
 * The unigram language model: of all ways to cut a word into tokens, the one with the highest sum of log probabilities.
 *
 * <p>Source: Kudo 2018, arXiv:1804.10959; Viterbi search as in SentencePiece.
 */
final class Unigram implements SubwordModel {
    /** How much worse than the least likely token an unknown character is. */
    private static final double UNKNOWN_PENALTY = 10;

    private static final int UNKNOWN = -2;

    private final Vocabulary vocabulary;
    private final double[] scores;
    private final double unknownScore;
    private final Fallback fallback;
    private final char[] longest = new char[Character.MAX_VALUE + 1];

    /**
     * @param scores log probability of each token; of those that text never becomes, any number
     * @param lowest log probability of the least likely token
     */
    Unigram(Vocabulary vocabulary, double[] scores, double lowest, Fallback fallback) {
        this.vocabulary = vocabulary;
        this.scores = scores;
        this.unknownScore = lowest - UNKNOWN_PENALTY;
        this.fallback = fallback;
        for (int id = 0; id < scores.length; id++) {
            String piece = vocabulary.piece(id);
            if (!piece.isEmpty() && vocabulary.isText(id)) {
                char first = piece.charAt(0);
                longest[first] = (char) Math.max(longest[first], Math.min(piece.length(), Character.MAX_VALUE));
            }
        }
    }

    @Override
    public void encode(String word, TokenList out) {
        int n = word.length();
        double[] best = new double[n + 1];
        int[] from = new int[n + 1];
        int[] token = new int[n + 1];
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        best[0] = 0;
        for (int start = 0, width; start < n; start += width) {
            width = Character.charCount(word.codePointAt(start));
            boolean known = false;
            int limit = Math.min(n, start + longest[word.charAt(start)]);
            int hash = 0;
            for (int end = start + 1; end <= limit; end++) {
                hash = PieceTable.extend(hash, word.charAt(end - 1));
                int id = vocabulary.findText(word, start, end, hash);
                if (id == Vocabulary.NONE) {
                    continue;
                }
                known |= end - start == width;
                double score = best[start] + scores[id];
                if (score > best[end]) {
                    best[end] = score;
                    from[end] = start;
                    token[end] = id;
                }
            }
            double score = best[start] + unknownScore;
            if (!known && score > best[start + width]) {
                best[start + width] = score;
                from[start + width] = start;
                token[start + width] = UNKNOWN;
            }
        }
        emit(word, from, token, out);
    }

    /** Appends the best path; a run of unknown characters is one unknown token, or its bytes. */
    private void emit(String word, int[] from, int[] token, TokenList out) {
        TokenList path = new TokenList();
        for (int end = word.length(); end > 0; end = from[end]) {
            path.add(end);
        }
        path.reverseFrom(0);
        int start = 0;
        int unknownStart = -1;
        for (int end : path.from(0)) {
            boolean unknown = token[end] == UNKNOWN;
            if (unknown && unknownStart < 0) {
                unknownStart = start;
            } else if (!unknown && unknownStart >= 0) {
                fallback.add(word.substring(unknownStart, start), out);
                unknownStart = -1;
            }
            if (!unknown) {
                out.add(token[end]);
            }
            start = end;
        }
        if (unknownStart >= 0) {
            fallback.add(word.substring(unknownStart), out);
        }
    }
}
