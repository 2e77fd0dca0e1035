package dev.demotic.bench;

import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Prompts of a given length, no two with the same beginning, so that no prefix cache helps: words of the built-in prompts. */
final class LoadPrompts {
    private final String[] words;
    private final long seed;

    LoadPrompts(long seed) {
        this.seed = seed;
        words = PromptSet.builtIn().stream()
                .map(BenchPrompt::text)
                .collect(Collectors.joining(" "))
                .strip()
                .split("\\s+");
    }

    /** So many words from a place that hangs on the seed and the request. */
    String text(int request, int count) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + request);
        int start = random.nextInt(words.length);
        return "Note %d. ".formatted(random.nextInt(1_000_000))
                + IntStream.range(start, start + count)
                        .mapToObj(i -> words[i % words.length])
                        .collect(Collectors.joining(" "));
    }
}
