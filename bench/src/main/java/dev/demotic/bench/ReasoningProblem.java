package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A question that a number answers, as those of GSM8K (Cobbe et al., 2021, arXiv 2110.14168): four hash signs announce the number.
 *
 * @param id its line in the file
 * @param question as it is put to the model
 * @param answer the right number
 */
public record ReasoningProblem(int id, String question, BigDecimal answer) {
    private static final Pattern ANSWER = Pattern.compile("####\\s*\\$?\\s*(-?[\\d,]*\\.?\\d+)");

    /**
     * Reads JSON Lines with a {@code question} and an {@code answer} that ends in {@code #### N}.
     *
     * @throws DemoticException if the file cannot be read, or a line has no such question and answer
     */
    public static List<ReasoningProblem> read(Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new DemoticException(
                    "%s cannot be read (%s); name a file with one problem a line".formatted(file, e.getMessage()), e);
        }
        List<ReasoningProblem> problems = JsonLine.of(file.toString(), text).stream()
                .map(ReasoningProblem::of)
                .toList();
        if (problems.isEmpty()) {
            throw new DemoticException(file + " holds no problems; give one a line, with a question and an answer");
        }
        return problems;
    }

    private static ReasoningProblem of(JsonLine line) {
        String question = line.value().path("question").asString("");
        Optional<BigDecimal> answer = answerIn(line.value().path("answer").asString(""));
        if (question.isBlank() || answer.isEmpty()) {
            throw line.refusal("needs a question, and an answer that ends with #### and a number");
        }
        return new ReasoningProblem(line.number(), question, answer.get());
    }

    /** Whether a reply comes to the right number. */
    public boolean isSolvedBy(String reply) {
        return answerIn(reply).filter(number -> number.compareTo(answer) == 0).isPresent();
    }

    /** The number that is announced last. */
    private static Optional<BigDecimal> answerIn(String text) {
        Matcher matcher = ANSWER.matcher(text);
        return matcher.results()
                .reduce((_, last) -> last)
                .map(last -> new BigDecimal(last.group(1).replace(",", "")));
    }
}
