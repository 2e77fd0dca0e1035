package dev.demotic.decoding;

import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The marks by which a model is asked for what belongs between two texts: prefix, suffix, then the middle, which is the reply
 * (Bavarian et al., 2022, arXiv 2207.14255, the form they call PSM).
 *
 * @param prefix token before the text that comes first
 * @param suffix token before the text that comes last
 * @param middle token after both
 */
public record Infill(int prefix, int suffix, int middle) {
    /** As families of models spell them. */
    private static final List<List<String>> SPELLINGS = List.of(
            List.of("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
            List.of("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
            List.of("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"));

    /** The marks of a vocabulary; empty if it has none, so that its model fills no gaps. */
    public static Optional<Infill> of(Tokenizer tokenizer) {
        return SPELLINGS.stream()
                .map(pieces -> pieces.stream().map(tokenizer::id).toList())
                .filter(ids -> ids.stream().allMatch(OptionalInt::isPresent))
                .map(ids -> new Infill(
                        ids.get(0).getAsInt(), ids.get(1).getAsInt(), ids.get(2).getAsInt()))
                .findFirst();
    }

    /**
     * The prompt that asks for the middle.
     *
     * @param before tokens of the text that comes first, after BOS where the model wants it
     * @param after tokens of the text that comes last
     */
    public int[] prompt(int[] before, int[] after, OptionalInt bos) {
        int start = before.length > 0 && bos.isPresent() && before[0] == bos.getAsInt() ? 1 : 0;
        IntStream head = IntStream.concat(
                IntStream.concat(IntStream.of(before).limit(start), IntStream.of(prefix)),
                IntStream.of(before).skip(start));
        IntStream tail =
                IntStream.concat(IntStream.concat(IntStream.of(suffix), IntStream.of(after)), IntStream.of(middle));
        return IntStream.concat(head, tail).toArray();
    }
}
