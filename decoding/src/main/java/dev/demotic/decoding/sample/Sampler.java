package dev.demotic.decoding.sample;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.VectorMath;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * The one place where settings, history and logits become a distribution, and a distribution a token.
 *
 * <p>The order is that of Hugging Face's generate, the reference of most papers: bias and penalties on the logits, then
 * temperature, then the truncations top-k, top-p, min-p and typical, each on the distribution that the one before left,
 * renormalised. (llama.cpp applies the temperature last.) Ties go to the lower token id. One sampler a sequence: it holds the
 * random stream and working memory, which is made when it is first needed (greedy text needs none) and then kept. Not safe for use by
 * several threads.
 */
public final class Sampler {
    private final SamplingSettings settings;
    private final int vocabulary;
    private final TokenHistory history;
    private final SplittableRandom random;
    private final Distribution distribution = new Distribution();
    private float[] logits = {};
    private float[] exponentials = {};
    private double[] keys = {};
    private int[] spareTokens = {};
    private double[] spareProbabilities = {};
    private final BitSet penalized = new BitSet();
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
        surpriseLimit = 2 * settings.mirostatTau();
    }

    public SamplingSettings settings() {
        return settings;
    }

    /** Tokens that it chooses from. */
    public int vocabulary() {
        return vocabulary;
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
        if (settings.isGreedy()) {
            int token = mostLikely(row);
            history.add(token);
            return token;
        }
        Distribution from = distribution(row);
        int token = draw(from);
        take(token, from);
        return token;
    }

    /** Draws from a distribution; one that leaves no choice costs no random number. The history stays as it is. */
    public int draw(Distribution from) {
        return from.size() == 1 ? from.token(0) : from.at(uniform());
    }

    /**
     * Adds a token to the history that was drawn, by whatever exact scheme.
     *
     * @param from what it was distributed by
     */
    public void take(int token, Distribution from) {
        history.add(token);
        if (settings.mirostatTau() > 0) {
            double surprise = -Math.log(from.probability(token)) / Math.log(2);
            surpriseLimit -= settings.mirostatEta() * (surprise - settings.mirostatTau());
        }
    }

    /** A place in the text to come back to. */
    public record Mark(int length, double surpriseLimit) {}

    /** Where the text is now. */
    public Mark mark() {
        return new Mark(history.size(), surpriseLimit);
    }

    /** Takes back the tokens since then, and what Mirostat made of them; the random stream goes on from where it is. */
    public void backTo(Mark mark) {
        history.truncate(mark.length());
        surpriseLimit = mark.surpriseLimit();
    }

    /** The token with the highest logit after bias and penalties; the history stays as it is. */
    public int mostLikely(MemorySegment row) {
        if (!settings.changesLogits()) {
            return VectorMath.argmax(row, given(row));
        }
        load(row);
        return mostLikely();
    }

    /** The token with the highest of the logits loaded. */
    private int mostLikely() {
        return VectorMath.argmax(MemorySegment.ofArray(logits), vocabulary);
    }

    /** The next number of the random stream, from 0 (included) to 1 (excluded). */
    public double uniform() {
        draws++;
        return random.nextDouble();
    }

    /**
     * What the next token is drawn from, given the history. Holds until the sampler looks at another row.
     *
     * @param row one float a token, as the model put them out
     */
    public Distribution distribution(MemorySegment row) {
        distribution(row, distribution);
        return distribution;
    }

    /**
     * Fills {@code into} with what the next token is drawn from, given the history.
     *
     * @param row one float a token, as a model put them out; of a draft model there may be fewer, or padding after the last
     */
    public void distribution(MemorySegment row, Distribution into) {
        load(row);
        if (settings.isGreedy()) {
            into.set(mostLikely());
            return;
        }
        int topK = settings.mirostatTau() > 0 ? 0 : settings.topK();
        softmax(into, topK, settings.temperature());
        if (settings.mirostatTau() > 0) {
            keepUnsurprising(into);
        } else {
            truncate(into);
        }
    }

    /**
     * Fills {@code into} with the most likely tokens, most likely first, and their probabilities among all tokens: after bias
     * and penalties and at the temperature (1 if greedy), with nothing cut off.
     */
    public void mostLikely(MemorySegment row, int count, Distribution into) {
        untruncated(row);
        distribution.keepHighest(count);
        into.copy(distribution);
    }

    /** The probability of a token among all, by the same measure as {@link #mostLikely(MemorySegment, int, Distribution)}. */
    public double probability(MemorySegment row, int token) {
        untruncated(row);
        return distribution.probability(token);
    }

    private void untruncated(MemorySegment row) {
        load(row);
        softmax(distribution, 0, settings.isGreedy() ? 1 : settings.temperature());
    }

    /** Copies logits, those that the row lacks as impossible, and applies bias and penalties. */
    private void load(MemorySegment row) {
        int given = given(row);
        logits = logits.length == 0 ? new float[vocabulary] : logits;
        MemorySegment.copy(row, JAVA_FLOAT, 0, logits, 0, given);
        Arrays.fill(logits, given, vocabulary, Float.NEGATIVE_INFINITY);
        settings.logitBias().forEach((token, bias) -> logits[token] += bias.floatValue());
        if (settings.penalizes()) {
            penalize();
        }
    }

    private int given(MemorySegment row) {
        return (int) Math.min(vocabulary, row.byteSize() / Float.BYTES);
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

    /** Lists the {@code topK} highest logits (0 for all) by rising id, with the probabilities that the temperature gives. */
    private void softmax(Distribution into, int topK, double temperature) {
        boolean cuts = topK > 0 && topK < vocabulary;
        float limit = cuts ? TopK.limit(logits, topK, keys()) : Float.NEGATIVE_INFINITY;
        int atLimit = cuts ? topK - TopK.countAbove(logits, limit) : 0;
        float max = VectorMath.highest(MemorySegment.ofArray(logits), 0, vocabulary);
        if (max == Float.NEGATIVE_INFINITY) {
            throw new DemoticException("every token is banned, so none can be drawn; ban fewer by logit bias");
        }
        into.reserve(vocabulary);
        exponentials = exponentials.length == 0 ? new float[vocabulary] : exponentials;
        double coldness = Math.min(1 / temperature, Double.MAX_VALUE); // infinity times nothing is no number
        int size = 0;
        for (int token = 0; token < vocabulary; token++) {
            float logit = logits[token];
            boolean isKept = logit > limit || (logit == limit && atLimit-- > 0);
            if (isKept && logit != Float.NEGATIVE_INFINITY) {
                into.tokens[size] = token;
                exponentials[size++] = (float) ((logit - max) * coldness);
            }
        }
        VectorMath.exp(exponentials, size);
        for (int i = 0; i < size; i++) {
            into.probabilities[i] = exponentials[i];
        }
        into.size = size;
        into.normalize();
    }

    private void truncate(Distribution into) {
        if (settings.topP() < 1) {
            // Tokens less likely come after all that are kept: together they have half of what is cut off.
            double floor = (1 - settings.topP()) / (2 * into.size);
            keepMass(into, settings.topP(), into.sort(into.probabilities, floor));
        }
        if (settings.minP() > 0) {
            keepLikely(into);
        }
        if (settings.typicalP() < 1) {
            keepMass(into, settings.typicalP(), sortByTypicality(into));
        }
    }

    /** Keeps the first tokens of the order, which has {@code sorted}, until their probabilities add up to {@code mass}; at least one. */
    private void keepMass(Distribution into, double mass, int sorted) {
        double sum = 0;
        int count = 0;
        while (count < sorted && sum < mass) {
            sum += into.probabilities[into.ranked(count++)];
        }
        keep(into, count);
    }

    /** Keeps the first {@code count} of the order. */
    private void keep(Distribution into, int count) {
        if (spareTokens.length < count) {
            spareTokens = new int[vocabulary];
            spareProbabilities = new double[vocabulary];
        }
        into.keep(count, spareTokens, spareProbabilities);
        into.normalize();
    }

    /** Working memory by token or place. */
    private double[] keys() {
        keys = keys.length == 0 ? new double[vocabulary] : keys;
        return keys;
    }

    private void keepLikely(Distribution into) {
        double highest = 0;
        for (int i = 0; i < into.size; i++) {
            highest = Math.max(highest, into.probabilities[i]);
        }
        int kept = 0;
        for (int i = 0; i < into.size; i++) {
            if (into.probabilities[i] >= settings.minP() * highest) {
                into.tokens[kept] = into.tokens[i];
                into.probabilities[kept++] = into.probabilities[i];
            }
        }
        into.size = kept;
        into.normalize();
    }

    /** Orders by how close a token's surprise is to the entropy; returns how many tokens there are. */
    private int sortByTypicality(Distribution into) {
        double entropy = into.entropy();
        double[] typicality = keys();
        for (int i = 0; i < into.size; i++) {
            typicality[i] = -Math.abs(-Math.log(into.probabilities[i]) - entropy);
        }
        return into.sort(typicality, 0);
    }

    /** Mirostat 2: keeps the tokens whose surprise, in bits, is below the running limit; at least the most likely one. */
    private void keepUnsurprising(Distribution into) {
        into.sort(into.probabilities, 0);
        int count = 1;
        while (count < into.size && -Math.log(into.probabilities[into.ranked(count)]) / Math.log(2) <= surpriseLimit) {
            count++;
        }
        keep(into, count);
    }
}
