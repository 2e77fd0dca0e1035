package dev.demotic.bench;

import dev.demotic.decoding.speculate.SpeculationStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What {@link MethodBench} found.
 *
 * @param machine where
 * @param device kernels and threads
 * @param model the target's file
 * @param drafts the draft models by name
 * @param tokens the most of a reply
 * @param ignoresEnd whether replies go on where the model would end them
 * @param temperature 0 for greedy
 * @param seed of each reply
 * @param leftOut prompts too long for the context
 * @param methods in the order of the report; plain decoding first
 * @param lossless those of them whose text must be that of plain decoding at temperature 0
 * @param runs prompt by prompt, all methods on each
 */
public record MethodBenchReport(
        Machine machine,
        String device,
        String model,
        List<String> drafts,
        int tokens,
        boolean ignoresEnd,
        double temperature,
        long seed,
        int leftOut,
        List<String> methods,
        List<String> lossless,
        List<Run> runs) {
    /** The name of all tasks together. */
    public static final String OVERALL = "all";

    /**
     * Where a reply leaves that of plain decoding.
     *
     * @param at tokens that are equal before it
     * @param expected plain decoding's token; -1 if its reply has ended
     * @param actual the method's; -1 likewise
     */
    public record Difference(int at, int expected, int actual) {}

    /**
     * One reply.
     *
     * @param task the prompt's task
     * @param prompt the prompt's id
     * @param method the method's name
     * @param promptTokens tokens of the prompt
     * @param tokens tokens of the reply
     * @param promptSeconds to the first token
     * @param seconds from the first token to the end
     * @param speculation what drafts did; none for plain decoding
     * @param difference from plain decoding, if there is one
     */
    public record Run(
            String task,
            String prompt,
            String method,
            int promptTokens,
            int tokens,
            double promptSeconds,
            double seconds,
            SpeculationStatistics speculation,
            Optional<Difference> difference) {}

    /**
     * A method on a task, or over all.
     *
     * @param task the task, or {@link #OVERALL}
     * @param method the method
     * @param prompts replies
     * @param tokensPerSecond tokens after the first of each reply, over the time that they took
     * @param ratio that over plain decoding's; 0 if none of its replies has a second token
     * @param identical replies that are plain decoding's token for token
     * @param speculation of all replies together
     */
    public record Summary(
            String task,
            String method,
            int prompts,
            double tokensPerSecond,
            double ratio,
            int identical,
            SpeculationStatistics speculation) {
        /** Tokens a pass; 1 where nothing was drafted. */
        public double blockEfficiency() {
            return speculation.rounds() == 0 ? 1 : speculation.blockEfficiency();
        }
    }

    /** The tasks, in the order of their prompts. */
    public List<String> tasks() {
        return runs.stream().map(Run::task).distinct().toList();
    }

    /** Every method on every task, then over all. */
    public List<Summary> summaries() {
        List<Summary> summaries = new ArrayList<>();
        for (String task : tasks()) {
            methods.forEach(method -> summaries.add(summary(task, method)));
        }
        summaries.addAll(overall());
        return List.copyOf(summaries);
    }

    /** Every method over all tasks. */
    public List<Summary> overall() {
        return methods.stream().map(method -> summary(OVERALL, method)).toList();
    }

    private Summary summary(String task, String method) {
        List<Run> mine = runs(task, method);
        double speed = speed(mine);
        double plain = speed(runs(task, methods.getFirst()));
        return new Summary(
                task,
                method,
                mine.size(),
                speed,
                plain > 0 ? speed / plain : 0,
                (int) mine.stream().filter(run -> run.difference().isEmpty()).count(),
                mine.stream().map(Run::speculation).reduce(SpeculationStatistics.none(), SpeculationStatistics::plus));
    }

    private List<Run> runs(String task, String method) {
        return runs.stream()
                .filter(run -> run.method().equals(method) && (task.equals(OVERALL) || task.equals(run.task())))
                .toList();
    }

    private static double speed(List<Run> runs) {
        double tokens = runs.stream().mapToInt(run -> run.tokens() - 1).sum();
        double seconds = runs.stream().mapToDouble(Run::seconds).sum();
        return seconds > 0 ? tokens / seconds : 0;
    }

    /** The first reply of a method that must be plain decoding's and is not. */
    public Optional<Run> firstBroken() {
        return temperature > 0
                ? Optional.empty()
                : runs.stream()
                        .filter(run -> lossless.contains(run.method())
                                && run.difference().isPresent())
                        .findFirst();
    }
}
