package dev.demotic.decoding.speculate;

/**
 * Decides, round by round, whether and how to draft: by what a token costs otherwise.
 *
 * <p>After the goodput of X. Liu et al., "Optimizing Speculative Decoding for Serving Large Language Models Using Goodput", 2024, arXiv
 * 2406.14066. To emit a text in the least time, a round that is expected to bring e tokens in time t should have the highest
 * e - λ·t, λ being the tokens a second that can be had here otherwise: the best rate of plain steps, of rounds with a
 * guesser and of this reply's rounds in the mean. So each row and each pass of a drafter has a price in tokens, and a draft grows as
 * long as what the next token promises exceeds its price. Copies of earlier text cost nothing but their rows; where they are
 * frequent, time is dear. Under load a row is paid for by all sequences of the step.
 *
 * <p>Times come from outside, so that tests can have a clock of their own. One controller a reply; used by one thread.
 */
final class AutoController {
    /** What a round drafts by. */
    enum Choice {
        /** Nothing: a plain step. */
        NONE,
        /** Earlier text alone. */
        COPY,
        /** The guesser, joined with earlier text where it promises something. */
        GUESS
    }

    /** Rounds without a guess before one is made to see whether it would pay by now; doubles with each disappointment. */
    private static final int FIRST_TRIAL = 8;

    private static final int LAST_TRIAL = 128;

    /** How many times the guesser's reading of the text a reply must have taken before it is read: it may end any moment. */
    private static final double PATIENCE = 4;

    /** From this many sequences a step on, trials are rationed. */
    static final double COMPANY = 1.5;

    /** The share of time that trials may take for catching up. */
    private static final double TRIAL_SHARE = 0.02;

    private final StepCost cost;
    private final DraftCost draftCost;
    private final RoundMeans guesses;
    private final RoundMeans rounds;
    private final Trials trials;
    private double otherRows;
    private double sequences = 1;
    private double spentNanos;
    private int sinceGuess;
    private int untilTrial = FIRST_TRIAL;

    /**
     * @param cost of the target's steps, shared by all replies
     * @param draftCost of the guesser's passes, shared likewise
     * @param guesses what rounds with a guesser bring in this reply
     * @param rounds what its rounds bring, whatever they draft by
     * @param trials of all replies
     */
    AutoController(StepCost cost, DraftCost draftCost, RoundMeans guesses, RoundMeans rounds, Trials trials) {
        this.cost = cost;
        this.draftCost = draftCost;
        this.guesses = guesses;
        this.rounds = rounds;
        this.trials = trials;
    }

    /**
     * Tells of the company.
     *
     * @param others rows of other sequences in a step
     * @param live sequences in a step, this one included
     */
    void load(double others, double live) {
        otherRows = Math.max(0, others);
        sequences = Math.max(1, live);
    }

    /** Sequences that wait while one of them drafts. */
    double sequences() {
        return sequences;
    }

    /**
     * λ: tokens a nanosecond that a sequence can have here, if all of them do alike. What the others draft just now does
     * not count: each would take a step for dear because of the drafts of the others, and draft for the same reason.
     */
    double tokensPerNano() {
        double step = cost.nanos(sequences);
        if (step == 0) {
            return 0;
        }
        return Math.max(1 / step, Math.max(rate(guesses), rate(rounds)));
    }

    private double rate(RoundMeans of) {
        return (1 + of.accepted()) / (draftNanos(of) + cost.nanos(sequences * (1 + of.rows())));
    }

    private double draftNanos(RoundMeans of) {
        return of.passes() * draftCost.passNanos();
    }

    /** The price, in tokens, of further rows in a pass that has some already. */
    double priceOfRows(double has, double more) {
        return tokensPerNano() * sequences * cost.nanosOfMore(otherRows + has, more);
    }

    /** The price, in tokens, of time that this sequence alone spends. */
    double priceOf(double nanos) {
        return tokensPerNano() * nanos;
    }

    /** What a round with a guesser promises beyond a plain step, in tokens, its price taken off. */
    double valueOfGuess() {
        return guesses.accepted() - priceOf(draftNanos(guesses)) - priceOfRows(1, guesses.rows());
    }

    /**
     * Chooses.
     *
     * @param valueOfCopy what the best copy promises beyond a plain step, in tokens, its price taken off; 0 if there is none
     * @param backlogNanos what the guesser would have to make up for first
     */
    Choice choose(double valueOfCopy, double backlogNanos) {
        if (!cost.isKnown()) {
            return Choice.NONE; // there is no price yet
        }
        double guess = spentNanos >= PATIENCE * backlogNanos ? valueOfGuess() : 0;
        if (guess > 0 && guess >= valueOfCopy) {
            return Choice.GUESS;
        }
        if (valueOfCopy > 0) {
            return Choice.COPY;
        }
        return isTimeToTry(backlogNanos) ? Choice.GUESS : Choice.NONE;
    }

    /** Trials are to cost but a small share of what was saved up for them. */
    private boolean isTimeToTry(double backlogNanos) {
        double since = sinceGuess * cost.nanos(otherRows + 1);
        return sinceGuess >= untilTrial
                && since * TRIAL_SHARE >= backlogNanos
                && (sequences < COMPANY || trials.begin(sequences));
    }

    /** Told what a round took in all. */
    void spent(double nanos) {
        spentNanos += nanos;
    }

    /**
     * Learns from a round.
     *
     * @param choice what it drafted by
     * @param drafted nodes of the draft
     * @param accepted tokens of it that came true
     * @param passes of the guesser
     */
    void verified(Choice choice, int drafted, int accepted, int passes) {
        rounds.learn(accepted, drafted, passes);
        if (choice != Choice.GUESS) {
            sinceGuess++;
            trials.rested();
            if (sequences < COMPANY) {
                draftCost.rested(); // in company trials tell what guessing takes by now
            }
            return;
        }
        guesses.learn(accepted, drafted, passes);
        sinceGuess = 0;
        boolean pays = valueOfGuess() > 0;
        untilTrial = pays ? FIRST_TRIAL : Math.min(2 * untilTrial, LAST_TRIAL);
        trials.tried(pays);
    }
}
