package dev.demotic.bench;

import dev.demotic.decoding.speculate.LikelihoodJudge;
import dev.demotic.decoding.speculate.StepJudge;
import dev.demotic.decoding.speculate.StepReading;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.TokenTree;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Judges that must do worse than a good one which keeps as many steps: what they lose is what judging is worth. */
public enum JudgeAblation {
    /** Scores at random. */
    RANDOM {
        @Override
        public StepJudge judge(LanguageModel large, StepJudge good) {
            SplittableRandom random = new SplittableRandom(1);
            return _ -> random.nextDouble() * StepJudge.BEST;
        }
    },
    /** Scores the worst step best. */
    INVERTED {
        @Override
        public StepJudge judge(LanguageModel large, StepJudge good) {
            return reading -> StepJudge.BEST - good.score(reading);
        }
    },
    /** Scores by likelihood, but sees the step without what is before it. */
    WITHOUT_CONTEXT {
        @Override
        public StepJudge judge(LanguageModel large, StepJudge good) {
            return reading -> scoreAlone(large, reading.step());
        }
    };

    /**
     * The judge.
     *
     * @param large the model that judges
     * @param good the judge that it is compared with, which asks no question
     */
    public abstract StepJudge judge(LanguageModel large, StepJudge good);

    /** The first token, which nothing tells of, does not count; a step of one token has the worst score. */
    private static double scoreAlone(LanguageModel large, int[] step) {
        if (step.length == 1) {
            return 0;
        }
        try (Sequence sequence = large.newSequence(step.length)) {
            Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(Arrays.copyOf(step, step.length - 1))));
            int[] rest = Arrays.copyOfRange(step, 1, step.length);
            return new LikelihoodJudge().score(new StepReading(rest, new int[0], outputs::logits));
        }
    }

    /** The threshold that this share of scores comes up to. */
    public static double threshold(List<Double> scores, double share) {
        List<Double> sorted = scores.stream().sorted().toList();
        int kept = (int) Math.round(share * sorted.size());
        return kept == 0 ? StepJudge.BEST + 1 : sorted.get(sorted.size() - kept);
    }
}
