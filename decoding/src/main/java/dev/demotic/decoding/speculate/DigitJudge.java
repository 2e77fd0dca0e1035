package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.ChatTemplate;
import dev.demotic.runtime.template.Conversation;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Asks the large model to rate the step, and reads one token of the answer, which can but be a digit.
 *
 * <p>The paper's judge. In a chat the step becomes an unfinished turn of the model, in which an open think tag stays open, because
 * templates drop thoughts that are closed; a user's turn asks, and the model's next one begins with the announcement of a score. A
 * text without markup is asked as plain text.
 */
public final class DigitJudge implements StepJudge {
    /** How the ten digits' probabilities become a score. */
    public enum Scoring {
        /** The likeliest digit. */
        GREEDY,
        /** The mean digit, by their probabilities among themselves. */
        MEAN
    }

    private static final String QUESTION =
            "Rate the last step of the reasoning, and nothing but whether it is correct and"
                    + " follows from what is before it: its style and its usefulness do not count. Give a score from 0 to 9.";
    private static final String ANSWER = "I think the quality score is: ";
    private static final String THINK = "<think>";
    /** Stands for the step while a template says what it writes after it. */
    private static final String STEP = "\uE000";

    private final Tokenizer tokenizer;
    private final Scoring scoring;
    private final int[] digits;
    private final int[] asText;
    private final Optional<int[]> asTurns;

    private DigitJudge(Tokenizer tokenizer, Scoring scoring, Optional<int[]> asTurns) {
        this.tokenizer = tokenizer;
        this.scoring = scoring;
        this.asTurns = asTurns;
        digits = IntStream.rangeClosed(0, BEST).map(this::digit).toArray();
        asText = tokenizer.encode("\n\n" + QUESTION + "\n\n" + ANSWER);
    }

    /**
     * A judge for this large model.
     *
     * @throws DemoticException if its vocabulary lacks a digit, or its chat template cannot ask a question after a reply
     */
    public static DigitJudge of(LanguageModel large, Scoring scoring) {
        Tokenizer tokenizer = large.tokenizer();
        Optional<int[]> asTurns =
                large.hasChatTemplate() ? Optional.of(turns(large.chatTemplate(), tokenizer)) : Optional.empty();
        return new DigitJudge(tokenizer, scoring, asTurns);
    }

    private int digit(int value) {
        return tokenizer
                .id(String.valueOf(value))
                .orElseThrow(() -> new DemoticException(
                        "the model has no token for the digit %d, so it cannot rate by one; take another judge"
                                .formatted(value)));
    }

    /** What the template writes between a reply that asks to be rated and the rating. */
    private static int[] turns(ChatTemplate template, Tokenizer tokenizer) {
        Conversation conversation = Conversation.of(
                        ChatMessage.user(""), ChatMessage.assistant(STEP), ChatMessage.user(QUESTION))
                .with("bos_token", piece(tokenizer, tokenizer.bos()))
                .with("eos_token", piece(tokenizer, tokenizer.eos()))
                .withGenerationPrompt(true);
        String rendered = template.render(conversation);
        int step = rendered.indexOf(STEP);
        if (step < 0) {
            throw new DemoticException(
                    "the model's chat template leaves replies out, so it cannot ask about one; take another judge");
        }
        return tokenizer.encodeWithSpecials(rendered.substring(step + STEP.length()));
    }

    private static String piece(Tokenizer tokenizer, OptionalInt token) {
        return token.isPresent() ? new String(tokenizer.bytes(token.getAsInt()), UTF_8) : "";
    }

    @Override
    public int[] question(TokenHistory text) {
        return asTurns.filter(_ -> holds(text, this::isMarkup))
                .map(turns -> IntStream.concat(IntStream.of(turns), announcement(text))
                        .toArray())
                .orElse(asText);
    }

    private boolean isMarkup(int token) {
        return tokenizer.isControl(token)
                && (tokenizer.bos().isEmpty() || tokenizer.bos().getAsInt() != token);
    }

    /** Inside a think tag if the text has one. */
    private IntStream announcement(TokenHistory text) {
        OptionalInt think = tokenizer.id(THINK);
        boolean thinks = think.isPresent() && holds(text, token -> token == think.getAsInt());
        return IntStream.of(tokenizer.encodeWithSpecials(thinks ? THINK + ANSWER : ANSWER));
    }

    private static boolean holds(TokenHistory text, IntPredicate wanted) {
        return IntStream.range(0, text.size()).map(text::token).anyMatch(wanted);
    }

    @Override
    public double score(StepReading reading) {
        MemorySegment answer = reading.answer();
        double[] logits = IntStream.of(digits)
                .mapToDouble(digit -> answer.getAtIndex(JAVA_FLOAT, digit))
                .toArray();
        int best = IntStream.range(0, logits.length)
                .reduce((a, b) -> logits[b] > logits[a] ? b : a)
                .orElseThrow();
        return scoring == Scoring.GREEDY ? best : mean(logits, logits[best]);
    }

    private static double mean(double[] logits, double highest) {
        double sum = 0;
        double total = 0;
        for (int digit = 0; digit < logits.length; digit++) {
            double weight = Math.exp(logits[digit] - highest);
            sum += digit * weight;
            total += weight;
        }
        return sum / total;
    }
}
