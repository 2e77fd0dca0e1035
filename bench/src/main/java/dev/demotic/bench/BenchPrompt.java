package dev.demotic.bench;

/**
 * A prompt of a benchmark.
 *
 * @param task what kind of task it is
 * @param id names it within its task
 * @param text the prompt
 * @param isChat whether it is a message to be answered, rather than a text to be continued
 */
public record BenchPrompt(String task, String id, String text, boolean isChat) {}
