package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A question that a number answers, as those of GSM8K (Cobbe et al., 2021, arXiv 2110.14168): four hash signs announce the number.
 *
 * @param id its line in the file
 * @param question as it is put to the model
 * @param answer the right number
 */
public record ReasoningProblem(int id, String question, BigDecimal answer) {
    private static final Pattern ANSWER = Pattern.compile("####\\s*\\$?\\s*(-?[\\d,]*\\.?\\d+)");
    private static final JsonMapper MAPPER = new JsonMapper();

    /**
     * Reads JSON Lines with a {@code question} and an {@code answer} that ends in {@code #### N}.
     *
     * @throws DemoticException if the file cannot be read, or a line has no such question and answer
     */
    public static List<ReasoningProblem> read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new DemoticException(
                    "%s cannot be read (%s); name a file with one problem a line".formatted(file, e.getMessage()), e);
        }
        List<ReasoningProblem> problems = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                problems.add(read(lines.get(i), file, i + 1));
            }
        }
        if (problems.isEmpty()) {
            throw new DemoticException(file + " holds no problems; give one a line, with a question and an answer");
        }
        return List.copyOf(problems);
    }

    private static ReasoningProblem read(String line, Path file, int number) {
        JsonNode node;
        try {
            node = MAPPER.readTree(line);
        } catch (JacksonException e) {
            throw new DemoticException(
                    "line %d of %s is no JSON (%s)".formatted(number, file, e.getOriginalMessage()), e);
        }
        String question = node.path("question").asString("");
        Optional<BigDecimal> answer = answerIn(node.path("answer").asString(""));
        if (question.isBlank() || answer.isEmpty()) {
            throw new DemoticException("line %d of %s needs a question, and an answer that ends with #### and a number"
                    .formatted(number, file));
        }
        return new ReasoningProblem(number, question, answer.get());
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
