package dev.demotic.decoding.sample;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * The one place where settings, history and logits become a distribution, and a distribution a token.
 *
 * <p>The order is that of Hugging Face's generate, the reference of most papers: bias and penalties on the logits, then
 * temperature, then the truncations top-k, top-p, min-p and typical, each on the distribution that the one before left,
 * renormalised. (llama.cpp applies the temperature last.) Ties go to the lower token id. One sampler a sequence: it holds the
 * random stream and working memory, and allocates nothing while it runs. Not safe for use by several threads.
 */
public final class Sampler {
    private final SamplingSettings settings;
    private final int vocabulary;
    private final TokenHistory history;
    private final SplittableRandom random;
    private final Distribution distribution;
    private final float[] logits;
    private final double[] keys;
    private final int[] spareTokens;
    private final double[] spareProbabilities;
    private final BitSet penalized;
    private double surpriseLimit;
    private long draws;

    /** @throws DemoticException if a biased token is not in the vocabulary */
    public Sampler(SamplingSettings settings, int vocabulary) {
        settings.logitBias().keySet().stream()
                .filter(token -> token < 0 || token >= vocabulary)
                .findFirst()
                .ifPresent(token -> {
                    throw new DemoticException(
                            "logit bias names token " + token + ", but the vocabulary has only " + vocabulary);
                });
        this.settings = settings;
        this.vocabulary = vocabulary;
        history = new TokenHistory(vocabulary);
        random = new SplittableRandom(settings.seed());
        distribution = new Distribution(vocabulary);
        logits = new float[vocabulary];
        keys = new double[vocabulary];
        spareTokens = new int[vocabulary];
        spareProbabilities = new double[vocabulary];
        penalized = new BitSet(vocabulary);
        surpriseLimit = 2 * settings.mirostatTau();
    }

    public SamplingSettings settings() {
        return settings;
    }

    public TokenHistory history() {
        return history;
    }

    /** Random numbers drawn so far. */
    public long draws() {
        return draws;
    }

    /** Draws the next token and adds it to the history. */
    public int next(MemorySegment row) {
        int token;
        if (settings.isGreedy() && !settings.changesLogits()) {
            token = argmax(row);
        } else {
            token = draw(distribution(row));
        }
        history.add(token);
        return token;
    }

    /** Draws from a distribution; one that leaves no choice costs no random number. */
    public int draw(Distribution from) {
        int token = from.size() == 1 ? from.token(0) : from.at(uniform());
        if (settings.mirostatTau() > 0) {
            double surprise = -Math.log(from.probability(token)) / Math.log(2);
            surpriseLimit -= settings.mirostatEta() * (surprise - settings.mirostatTau());
        }
        return token;
    }

    /** The next number of the random stream, from 0 (included) to 1 (excluded). */
    public double uniform() {
        draws++;
        return random.nextDouble();
    }

    /**
     * What the next token is drawn from, given the history. Holds until the next call.
     *
     * @param row one float a token, as the model put them out
     */
    public Distribution distribution(MemorySegment row) {
        MemorySegment.copy(row, JAVA_FLOAT, 0, logits, 0, vocabulary);
        settings.logitBias().forEach((token, bias) -> logits[token] += bias.floatValue());
        if (settings.penalizes()) {
            penalize();
        }
        if (settings.isGreedy()) {
            distribution.set(argmax());
            return distribution;
        }
        softmax();
        if (settings.mirostatTau() > 0) {
            keepUnsurprising();
        } else {
            truncate();
        }
        return distribution;
    }

    private void penalize() {
        penalized.clear();
        int first = settings.repetitionWindow() == 0 ? 0 : Math.max(0, history.size() - settings.repetitionWindow());
        for (int i = first; i < history.size() && settings.repetitionPenalty() != 1; i++) {
            int token = history.token(i);
            if (!penalized.get(token)) {
                penalized.set(token);
                double penalty = settings.repetitionPenalty();
                logits[token] = (float) (logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty);
            }
        }
        penalized.clear();
        for (int i = history.promptLength(); i < history.size(); i++) {
            int token = history.token(i);
            if (!penalized.get(token)) {
                penalized.set(token);
                logits[token] -= (float)
                        (settings.presencePenalty() + settings.frequencyPenalty() * history.timesGenerated(token));
            }
        }
    }

    /** Lists the tokens that top-k leaves, by rising id, with the probabilities of the tempered logits. */
    private void softmax() {
        float limit = settings.topK() > 0 && settings.topK() < vocabulary && settings.mirostatTau() == 0
                ? TopK.limit(logits, settings.topK(), keys)
                : Float.NEGATIVE_INFINITY;
        int atLimit = settings.topK() - TopK.countAbove(logits, limit);
        float max = logits[argmax()];
        if (max == Float.NEGATIVE_INFINITY) {
            throw new DemoticException("every token is banned, so none can be drawn; ban fewer by logit bias");
        }
        distribution.size = 0;
        for (int token = 0; token < vocabulary; token++) {
            float logit = logits[token];
            boolean isKept = logit > limit || (logit == limit && atLimit-- > 0);
            if (isKept && logit != Float.NEGATIVE_INFINITY) {
                distribution.tokens[distribution.size] = token;
                distribution.probabilities[distribution.size++] = Math.exp((logit - max) / settings.temperature());
            }
        }
        distribution.normalize();
    }

    private void truncate() {
        if (settings.topP() < 1) {
            distribution.sort(distribution.probabilities);
            keepMass(settings.topP());
        }
        if (settings.minP() > 0) {
            keepLikely();
        }
        if (settings.typicalP() < 1) {
            sortByTypicality();
            keepMass(settings.typicalP());
        }
    }

    /** Keeps the first tokens of the order until their probabilities add up to {@code mass}; at least one. */
    private void keepMass(double mass) {
        double sum = 0;
        int count = 0;
        while (count < distribution.size && sum < mass) {
            sum += distribution.probabilities[distribution.ranked(count++)];
        }
        distribution.keep(count, spareTokens, spareProbabilities);
        distribution.normalize();
    }

    private void keepLikely() {
        double highest = 0;
        for (int i = 0; i < distribution.size; i++) {
            highest = Math.max(highest, distribution.probabilities[i]);
        }
        int kept = 0;
        for (int i = 0; i < distribution.size; i++) {
            if (distribution.probabilities[i] >= settings.minP() * highest) {
                distribution.tokens[kept] = distribution.tokens[i];
                distribution.probabilities[kept++] = distribution.probabilities[i];
            }
        }
        distribution.size = kept;
        distribution.normalize();
    }

    /** Orders by how close a token's surprise is to the entropy. */
    private void sortByTypicality() {
        double entropy = 0;
        for (int i = 0; i < distribution.size; i++) {
            double p = distribution.probabilities[i];
            entropy -= p > 0 ? p * Math.log(p) : 0;
        }
        for (int i = 0; i < distribution.size; i++) {
            keys[i] = -Math.abs(-Math.log(distribution.probabilities[i]) - entropy);
        }
        distribution.sort(keys);
    }

    /** Mirostat 2: keeps the tokens whose surprise, in bits, is below the running limit; at least the most likely one. */
    private void keepUnsurprising() {
        distribution.sort(distribution.probabilities);
        int count = 1;
        while (count < distribution.size
                && -Math.log(distribution.probabilities[distribution.ranked(count)]) / Math.log(2) <= surpriseLimit) {
            count++;
        }
        distribution.keep(count, spareTokens, spareProbabilities);
        distribution.normalize();
    }

    private int argmax() {
        int best = 0;
        for (int token = 1; token < vocabulary; token++) {
            if (logits[token] > logits[best]) {
                best = token;
            }
        }
        return best;
    }

    private int argmax(MemorySegment row) {
        int best = 0;
        float highest = row.get(JAVA_FLOAT, 0);
        for (int token = 1; token < vocabulary; token++) {
            float logit = row.getAtIndex(JAVA_FLOAT, token);
            if (logit > highest) {
                highest = logit;
                best = token;
            }
        }
        return best;
    }
}
