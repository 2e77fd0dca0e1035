package dev.demotic.decoding.sample;

import dev.demotic.runtime.DemoticException;
import java.util.Map;
import java.util.function.Consumer;

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

    /** What is added to logits or multiplied by them stays far from where floats end. */
    private static final double LARGEST = 1e6;

    private static final String WITHIN_LARGEST = "between -1000000 and 1000000";

    public SamplingSettings {
        require(temperature >= 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature, "0 or more");
        require(topK >= 0, "top-k", topK, "0 or more");
        require(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1");
        require(minP >= 0 && minP <= 1, "min-p", minP, "between 0 and 1");
        require(typicalP > 0 && typicalP <= 1, "typical", typicalP, "above 0 and at most 1");
        require(
                repetitionPenalty >= 1 / LARGEST && repetitionPenalty <= LARGEST,
                "repetition penalty",
                repetitionPenalty,
                "between 0.000001 and 1000000");
        require(repetitionWindow >= 0, "repetition window", repetitionWindow, "0 or more");
        require(Math.abs(presencePenalty) <= LARGEST, "presence penalty", presencePenalty, WITHIN_LARGEST);
        require(Math.abs(frequencyPenalty) <= LARGEST, "frequency penalty", frequencyPenalty, WITHIN_LARGEST);
        require(mirostatTau >= 0 && Double.isFinite(mirostatTau), "mirostat tau", mirostatTau, "0 or more");
        require(mirostatEta > 0 && Double.isFinite(mirostatEta), "mirostat eta", mirostatEta, "above 0");
        logitBias = Map.copyOf(logitBias);
        logitBias
                .values()
                .forEach(bias -> require(
                        bias == Double.NEGATIVE_INFINITY || Math.abs(bias) <= LARGEST,
                        "logit bias",
                        bias,
                        WITHIN_LARGEST + ", or -infinity"));
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
        return with(draft -> draft.temperature = value);
    }

    public SamplingSettings withTopK(int value) {
        return with(draft -> draft.topK = value);
    }

    public SamplingSettings withTopP(double value) {
        return with(draft -> draft.topP = value);
    }

    public SamplingSettings withMinP(double value) {
        return with(draft -> draft.minP = value);
    }

    public SamplingSettings withTypicalP(double value) {
        return with(draft -> draft.typicalP = value);
    }

    public SamplingSettings withRepetitionPenalty(double value, int window) {
        return with(draft -> {
            draft.repetitionPenalty = value;
            draft.repetitionWindow = window;
        });
    }

    public SamplingSettings withPresencePenalty(double value) {
        return with(draft -> draft.presencePenalty = value);
    }

    public SamplingSettings withFrequencyPenalty(double value) {
        return with(draft -> draft.frequencyPenalty = value);
    }

    public SamplingSettings withLogitBias(Map<Integer, Double> value) {
        return with(draft -> draft.logitBias = value);
    }

    public SamplingSettings withMirostat(double tau, double eta) {
        return with(draft -> {
            draft.mirostatTau = tau;
            draft.mirostatEta = eta;
        });
    }

    public SamplingSettings withSeed(long value) {
        return with(draft -> draft.seed = value);
    }

    private SamplingSettings with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.settings();
    }

    /** Settings on their way to being others. */
    private static final class Draft {
        private double temperature;
        private int topK;
        private double topP;
        private double minP;
        private double typicalP;
        private double repetitionPenalty;
        private int repetitionWindow;
        private double presencePenalty;
        private double frequencyPenalty;
        private Map<Integer, Double> logitBias;
        private double mirostatTau;
        private double mirostatEta;
        private long seed;

        private Draft(SamplingSettings from) {
            temperature = from.temperature;
            topK = from.topK;
            topP = from.topP;
            minP = from.minP;
            typicalP = from.typicalP;
            repetitionPenalty = from.repetitionPenalty;
            repetitionWindow = from.repetitionWindow;
            presencePenalty = from.presencePenalty;
            frequencyPenalty = from.frequencyPenalty;
            logitBias = from.logitBias;
            mirostatTau = from.mirostatTau;
            mirostatEta = from.mirostatEta;
            seed = from.seed;
        }

        private SamplingSettings settings() {
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
                    seed);
        }
    }
}
