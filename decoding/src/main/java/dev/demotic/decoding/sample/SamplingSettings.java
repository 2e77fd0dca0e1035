package dev.demotic.decoding.sample;

import dev.demotic.runtime.DemoticException;
import java.util.Map;

/**
 * How tokens are drawn. Each setting has a neutral value that switches it off.
 *
 * @param temperature divides the logits; 0 takes the most likely token (greedy), 1 is the model's own distribution
 * @param topK keep the k most likely tokens; 0 for all
 * @param topP keep the smallest set of most likely tokens with this total probability (Holtzman et al., 2020); 1 for all
 * @param minP drop tokens less likely than this share of the most likely one (Nguyen et al., 2024); 0 for none
 * @param typicalP keep the tokens whose surprise is closest to the entropy, up to this total probability (Meister et al.,
 *     2023); 1 for all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens seen (Keskar et al., 2019); 1 for none
 * @param repetitionWindow how many of the last tokens, prompt included, the repetition penalty looks at; 0 for all
 * @param presencePenalty subtracted once from the logit of each token generated so far (OpenAI); 0 for none
 * @param frequencyPenalty subtracted for each time that a token was generated so far (OpenAI); 0 for none
 * @param logitBias added to the logits of these tokens; negative infinity bans one
 * @param mirostatTau target surprise in bits of Mirostat 2 (Basu et al., 2021), which then replaces the truncations; 0 for off
 * @param mirostatEta learning rate of Mirostat 2
 * @param seed of the random stream: same model, prompt, settings and seed give the same tokens
 */
public record SamplingSettings(
        double temperature,
        int topK,
        double topP,
        double minP,
        double typicalP,
        double repetitionPenalty,
        int repetitionWindow,
        double presencePenalty,
        double frequencyPenalty,
        Map<Integer, Double> logitBias,
        double mirostatTau,
        double mirostatEta,
        long seed) {

    public SamplingSettings {
        require(temperature >= 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature, "0 or more");
        require(topK >= 0, "top-k", topK, "0 or more");
        require(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1");
        require(minP >= 0 && minP <= 1, "min-p", minP, "between 0 and 1");
        require(typicalP > 0 && typicalP <= 1, "typical", typicalP, "above 0 and at most 1");
        require(
                repetitionPenalty > 0 && repetitionPenalty < Double.POSITIVE_INFINITY,
                "repetition penalty",
                repetitionPenalty,
                "above 0");
        require(repetitionWindow >= 0, "repetition window", repetitionWindow, "0 or more");
        require(Double.isFinite(presencePenalty), "presence penalty", presencePenalty, "a number");
        require(Double.isFinite(frequencyPenalty), "frequency penalty", frequencyPenalty, "a number");
        require(mirostatTau >= 0 && Double.isFinite(mirostatTau), "mirostat tau", mirostatTau, "0 or more");
        require(mirostatEta > 0 && Double.isFinite(mirostatEta), "mirostat eta", mirostatEta, "above 0");
        logitBias = Map.copyOf(logitBias);
        logitBias
                .values()
                .forEach(bias -> require(
                        !Double.isNaN(bias) && bias < Double.POSITIVE_INFINITY, "logit bias", bias, "a number"));
    }

    private static void require(boolean holds, String name, double value, String range) {
        if (!holds) {
            throw new DemoticException(name + " is " + value + ", but must be " + range);
        }
    }

    /** The most likely token, always. */
    public static SamplingSettings greedy() {
        return new SamplingSettings(0, 0, 1, 0, 1, 1, 64, 0, 0, Map.of(), 0, 0.1, 0);
    }

    /** The model's own distribution. */
    public static SamplingSettings unchanged() {
        return greedy().withTemperature(1);
    }

    public boolean isGreedy() {
        return temperature == 0;
    }

    /** Whether logits must be changed before tokens are compared. */
    boolean changesLogits() {
        return penalizes() || !logitBias.isEmpty();
    }

    boolean penalizes() {
        return repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0;
    }

    public SamplingSettings withTemperature(double value) {
        return new SamplingSettings(
                value,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withTopK(int value) {
        return new SamplingSettings(
                temperature,
                value,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withTopP(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                value,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withMinP(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                value,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withTypicalP(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                value,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withRepetitionPenalty(double value, int window) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                value,
                window,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withPresencePenalty(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                value,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withFrequencyPenalty(double value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                value,
                logitBias,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withLogitBias(Map<Integer, Double> value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                value,
                mirostatTau,
                mirostatEta,
                seed);
    }

    public SamplingSettings withMirostat(double tau, double eta) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                tau,
                eta,
                seed);
    }

    public SamplingSettings withSeed(long value) {
        return new SamplingSettings(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                repetitionPenalty,
                repetitionWindow,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                mirostatTau,
                mirostatEta,
                value);
    }
}
