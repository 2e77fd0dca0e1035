package dev.demotic.decoding.speculate;

import dev.demotic.runtime.StepTiming;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * What {@link Pearl} did for a reply, and how far both sides computed at once.
 *
 * @param statistics of the speculation: drafted is what was tested or ready to be, and draft seconds are those that the target waited
 *     for the drafter
 * @param steps in their order
 * @param dropped tokens that were drafted and that the target never came to
 * @param obstacle why both sides could not compute at once; empty if they could
 */
public record PearlReport(SpeculationStatistics statistics, List<Step> steps, long dropped, String obstacle)
        implements SpeculationReport {
    /** Steps that the explanation shows. */
    private static final int SHOWN = 8;

    /**
     * A step. Its times are those of passes that computed, not of passes that waited for their turn.
     *
     * @param isPostVerify whether tokens were pending, so that the target verified a block; else it tested the first token of one
     * @param drafted tokens of the block
     * @param emitted tokens added to the reply
     * @param seconds from its beginning to its end
     * @param targetSeconds that the target computed
     * @param draftSeconds that the draft model computed
     * @param bothSeconds that both did, at the same time
     */
    public record Step(
            boolean isPostVerify,
            int drafted,
            int emitted,
            double seconds,
            double targetSeconds,
            double draftSeconds,
            double bothSeconds) {

        /**
         * Reads off when both sides computed.
         *
         * @param blocks after the test
         * @param drafts the draft model's passes
         */
        static Step of(PearlBlocks blocks, double seconds, StepTiming target, List<StepTiming> drafts) {
            return new Step(
                    blocks.isPostVerify(),
                    blocks.draftedTokens(),
                    blocks.emittedTokens(),
                    seconds,
                    target.nanos() / 1e9,
                    drafts.stream().mapToLong(StepTiming::nanos).sum() / 1e9,
                    drafts.stream().mapToLong(pass -> common(target, pass)).sum() / 1e9);
        }

        /** Nanoseconds that two passes computed at the same time. */
        private static long common(StepTiming one, StepTiming other) {
            long later = other.began() - one.began();
            return Math.max(0, Math.min(one.nanos(), later + other.nanos()) - Math.max(0, later));
        }
    }

    /** The share of the steps in which tokens were pending. */
    public double postVerifyShare() {
        return steps.isEmpty()
                ? 0
                : (double) steps.stream().filter(Step::isPostVerify).count() / steps.size();
    }

    /** Accepted tokens from one rejection to the next, or to an end of the reply: the paper's mean accepted tokens. */
    public double acceptedRun() {
        long rejections = statistics.depths().stream()
                .mapToLong(depth -> depth.tested() - depth.accepted())
                .sum();
        return (double) statistics.accepted() / (rejections + 1);
    }

    /** Seconds of all steps. */
    public double seconds() {
        return sum(Step::seconds);
    }

    /** Seconds that both sides computed at the same time. */
    public double bothSeconds() {
        return sum(Step::bothSeconds);
    }

    /** Seconds that only the target computed: the drafter was done, or had nothing to do. */
    public double targetAloneSeconds() {
        return sum(Step::targetSeconds) - bothSeconds();
    }

    /** Seconds that only the draft model computed: the target was done. */
    public double draftAloneSeconds() {
        return sum(Step::draftSeconds) - bothSeconds();
    }

    /** Seconds that neither computed: threads were woken, tokens drawn, tested and handed on. */
    public double neitherSeconds() {
        return seconds() - bothSeconds() - targetAloneSeconds() - draftAloneSeconds();
    }

    private double sum(ToDoubleFunction<Step> part) {
        return steps.stream().mapToDouble(part).sum();
    }

    @Override
    public Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>(statistics.figures());
        figures.put("post_verify_share", postVerifyShare());
        figures.put("accepted_run", acceptedRun());
        figures.put("dropped", dropped);
        figures.put("both_seconds", bothSeconds());
        figures.put("target_alone_seconds", targetAloneSeconds());
        figures.put("draft_alone_seconds", draftAloneSeconds());
        figures.put("neither_seconds", neitherSeconds());
        figures.put("target_idle_seconds", seconds() - sum(Step::targetSeconds));
        figures.put("draft_idle_seconds", seconds() - sum(Step::draftSeconds));
        figures.put("step_post_verify", list(step -> step.isPostVerify() ? 1 : 0));
        figures.put("step_drafted", list(Step::drafted));
        figures.put("step_emitted", list(Step::emitted));
        figures.put("step_seconds", list(Step::seconds));
        figures.put("step_target_seconds", list(Step::targetSeconds));
        figures.put("step_draft_seconds", list(Step::draftSeconds));
        figures.put("step_both_seconds", list(Step::bothSeconds));
        return figures;
    }

    private <T> List<T> list(Function<Step, T> part) {
        return steps.stream().map(part).toList();
    }

    @Override
    public List<String> explanation() {
        List<String> lines = new ArrayList<>();
        lines.add(statistics.summary());
        if (steps.isEmpty()) {
            return lines;
        }
        lines.add(
                "%.1f tokens drafted in each; %.0f %% of them post-verify, %.0f %% pre-verify; %.1f tokens accepted in a row"
                        .formatted(
                                steps.stream().mapToInt(Step::drafted).average().orElse(0),
                                100 * postVerifyShare(),
                                100 * (1 - postVerifyShare()),
                                acceptedRun()));
        lines.add(
                "both models computed %.0f %% of the time, the target alone %.0f %%, the draft model alone %.0f %%, neither %.0f %%"
                        .formatted(
                                percent(bothSeconds()),
                                percent(targetAloneSeconds()),
                                percent(draftAloneSeconds()),
                                percent(neitherSeconds())));
        if (!obstacle.isEmpty()) {
            lines.add(obstacle);
        }
        for (int i = Math.max(0, steps.size() - SHOWN); i < steps.size(); i++) {
            Step step = steps.get(i);
            lines.add("step %d, %s-verify: target %.2f ms, %d drafted in %.2f ms, %.2f ms of these at once; %d emitted"
                    .formatted(
                            i + 1,
                            step.isPostVerify() ? "post" : "pre",
                            1e3 * step.targetSeconds(),
                            step.drafted(),
                            1e3 * step.draftSeconds(),
                            1e3 * step.bothSeconds(),
                            step.emitted()));
        }
        return lines;
    }

    private double percent(double part) {
        return 100 * part / seconds();
    }
}
