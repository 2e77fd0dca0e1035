package dev.demotic.cli;

import dev.demotic.decoding.DraftRound;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.stream.IntStream;

/** Shows what became of drafts: in colours to a person, in brackets to a file. */
final class DraftPainter {
    private static final String ACCEPTED = "\033[32m";
    private static final String REJECTED = "\033[31;9m";
    private static final String OWN = "\033[1m";
    private static final String RESET = "\033[0m";

    private final Console console;
    private final Tokenizer tokenizer;
    private final boolean hasColours;

    DraftPainter(Console console, Tokenizer tokenizer) {
        this.console = console;
        this.tokenizer = tokenizer;
        hasColours = console.isTerminal(Console.Terminals.OUT) && !console.isSet("NO_COLOR");
    }

    /** Says how to read it. */
    void explain() {
        console.note(
                hasColours
                        ? "drafts: " + ACCEPTED + "accepted" + RESET + ", " + REJECTED + "rejected" + RESET + ", " + OWN
                                + "the model's own" + RESET
                        : "drafts: {+accepted}, {-rejected}, and the rest is the model's own");
    }

    void paint(DraftRound round) {
        String own = text(IntStream.of(round.emitted()).skip(round.accepted()));
        console.print(mark(ACCEPTED, "+", text(IntStream.of(round.emitted()).limit(round.accepted())))
                + mark(REJECTED, "-", text(IntStream.of(round.rejected())).replaceAll("\\R", "⏎"))
                + (hasColours && !own.isEmpty() ? OWN + own + RESET : own));
    }

    private String mark(String colour, String sign, String text) {
        if (text.isEmpty()) {
            return "";
        }
        return hasColours ? colour + text + RESET : "{" + sign + text + "}";
    }

    private String text(IntStream tokens) {
        return tokenizer.decode(
                tokens.filter(token -> !tokenizer.isControl(token)).toArray());
    }
}
