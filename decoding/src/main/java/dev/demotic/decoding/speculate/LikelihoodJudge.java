package dev.demotic.decoding.speculate;

/**
 * Scores a step by how likely the large model finds it: ten times the geometric mean of its tokens' probabilities, at most 9.
 *
 * <p>So exp of the mean log likelihood, in tenths. It asks nothing, and so does for models that do not follow instructions.
 */
public record LikelihoodJudge() implements StepJudge {
    @Override
    public double score(StepReading reading) {
        double sum = 0;
        for (int i = 0; i < reading.step().length; i++) {
            sum += reading.logProbability(i);
        }
        return Math.min(BEST, 10 * Math.exp(sum / reading.step().length));
    }
}
