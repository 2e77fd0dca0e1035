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
    /** Holds back half a character until its other tokens come. */
    private final Tokenizer.StreamingDecoder emitted;

    private final boolean hasColours;

    DraftPainter(Console console, Tokenizer tokenizer) {
        this.console = console;
        this.tokenizer = tokenizer;
        emitted = tokenizer.stream();
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
        StringBuilder accepted = new StringBuilder();
        StringBuilder own = new StringBuilder();
        for (int i = 0; i < round.emitted().length; i++) {
            int token = round.emitted()[i];
            if (!tokenizer.isControl(token)) {
                (i < round.accepted() ? accepted : own).append(emitted.next(token));
            }
        }
        String rejected = tokenizer.decode(IntStream.of(round.rejected())
                .filter(token -> !tokenizer.isControl(token))
                .toArray());
        console.print(mark(ACCEPTED, "+", accepted.toString())
                + mark(REJECTED, "-", rejected.replaceAll("\\R", "⏎"))
                + own(own.toString()));
    }

    /** The reply is over: prints what was held back. */
    void end() {
        console.print(own(emitted.flush()));
    }

    private String own(String text) {
        return hasColours && !text.isEmpty() ? OWN + text + RESET : text;
    }

    private String mark(String colour, String sign, String text) {
        if (text.isEmpty()) {
            return "";
        }
        return hasColours ? colour + text + RESET : "{" + sign + text + "}";
    }
}
