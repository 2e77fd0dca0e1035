package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.decoding.speculate.AutoController.Choice;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.StepTiming;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;

/**
 * Drafts by copies of earlier text, by a guesser, by both or not at all, as the {@link AutoController} says.
 *
 * <p>The guesser is the draft model if there is one, else the recycled logits of the target.
 */
final class AutoDrafter implements Drafter {
    /** How much of a text the draft model reads at first: guesses on a short reply must not cost the reading of a long prompt. */
    private static final int WINDOW = 128;

    /** What a pass of a guesser is believed to take of the target's step at the least. */
    private static final double LEAST_SHARE = 0.02;

    private final LanguageModel target;
    private final Optional<LanguageModel> draft;
    private final Optional<TokenMap> map;
    private final Successors successors;
    private final StepCost cost = new StepCost();
    private final DraftCost draftCost;
    /** Greedy text is easier to guess than sampled text. */
    private final Experience greedy = new Experience();

    private final Experience sampled = new Experience();

    /** What is known of a kind of text. */
    private record Experience(
            GuessChances copies, GuessChances guesses, RoundMeans guessRounds, RoundMeans rounds, Trials trials) {
        Experience() {
            this(CopySource.chances(), Sureness.chances(), new RoundMeans(), new RoundMeans(), new Trials());
        }
    }

    AutoDrafter(LanguageModel target, Optional<LanguageModel> draft) {
        this.target = target;
        this.draft = draft;
        map = draft.filter(model -> !Vocabularies.areSame(model.tokenizer(), target.tokenizer()))
                .map(model -> ForeignDraftModel.map(model, target));
        successors = new Successors(target.config().vocabulary());
        double weights = draft.map(model -> (double) model.memory().weights()).orElse(0.0);
        draftCost = new DraftCost(cost, LEAST_SHARE + weights / target.memory().weights());
    }

    @Override
    public String name() {
        return "auto";
    }

    @Override
    public Session begin(Context context) {
        return new Reply(context);
    }

    private final class Reply implements Drafter.Session {
        private final TokenHistory history;
        private final CopySource copies;
        private final Guesser guesser;
        private final AutoController controller;
        private final RoundMeans guessRounds;
        private final Load load = new Load();
        private final AutoReport.Counter counter = new AutoReport.Counter();
        private Choice choice = Choice.NONE;
        private int passes;
        private double guessNanos;

        private Reply(Drafter.Context context) {
            Sampler sampler = context.sampler();
            Experience known = sampler.settings().isGreedy() ? greedy : sampled;
            history = sampler.history();
            copies = new CopySource(history, known.copies().forReply());
            guesser = guesser(context, known.guesses().forReply());
            guessRounds = known.guessRounds().forReply();
            controller = new AutoController(
                    cost, draftCost, guessRounds, known.rounds().forReply(), known.trials());
        }

        private Guesser guesser(Drafter.Context context, GuessChances chances) {
            if (draft.isEmpty()) {
                return new RecyclingGuesser(successors, chances, draftCost);
            }
            LanguageModel model = draft.get();
            int vocabulary = target.config().vocabulary();
            int window = map.isPresent() ? Integer.MAX_VALUE : WINDOW;
            Supplier<Predictor> predictor = () -> map.<Predictor>map(
                            shared -> ForeignDraftModel.predictor(model, target, shared, vocabulary))
                    .orElseGet(() -> new ModelPredictor(model, context.target().capacity(), window, false));
            return new ModelGuesser(predictor, window, chances, draftCost, vocabulary);
        }

        @Override
        public void propose(DraftTree draftTree) {
            copies.catchUp();
            guesser.settle(history);
            controller.load(load.otherRows(), load.sequences());
            int copied = bestCopy(draftTree.maxDepth());
            choice = controller.choose(valueOfCopy(copied), guesser.backlogNanos(history));
            PricedTree tree = new PricedTree(draftTree, controller);
            if (choice == Choice.GUESS) {
                long began = System.nanoTime();
                passes = guesser.grow(tree, history);
                guessNanos = (double) (System.nanoTime() - began);
            }
            if (choice != Choice.NONE) {
                join(tree, draftTree.maxDepth());
            }
        }

        /** How many tokens to copy if nothing else is drafted: as many as promise the most beyond their price. */
        private int bestCopy(int limit) {
            int best = 0;
            double value = 0;
            double highest = 0;
            double chance = 1;
            for (int i = 0; i < limit && copies.matchLength() > 0; i++) {
                chance *= copies.chance(i);
                value += chance;
                double net = value - controller.priceOfRows(1, i + 1.0);
                if (net > highest) {
                    highest = net;
                    best = i + 1;
                }
            }
            return best;
        }

        private double valueOfCopy(int tokens) {
            double value = 0;
            double chance = 1;
            for (int i = 0; i < tokens; i++) {
                chance *= copies.chance(i);
                value += chance;
            }
            return tokens == 0 ? 0 : value - controller.priceOfRows(1, tokens);
        }

        /** Adds the copy to a draft: along it as far as they agree, and beyond as long as it is worth it. */
        private void join(PricedTree tree, int limit) {
            int node = DraftTree.ROOT;
            for (int i = 0; i < limit && copies.matchLength() > 0 && node != DraftTree.NONE; i++) {
                int token = copies.token(i);
                int agreed = tree.child(node, token);
                // Where both guess, what the copy has over is what the guesses leave open.
                node = agreed != DraftTree.NONE ? agreed : tree.offer(node, token, tree.open(node) * copies.chance(i));
            }
        }

        @Override
        public Optional<String> source() {
            return Optional.of(choice == Choice.GUESS ? guesserName() : "copy");
        }

        private String guesserName() {
            return draft.isPresent() ? "draft model" : "recycling";
        }

        @Override
        public void verified(Verification round) {
            long began = System.nanoTime();
            guesser.verified(round, choice == Choice.GUESS);
            int drafted = round.tree().size() - 1;
            double spent = guessNanos + (System.nanoTime() - began) + round.targetNanos();
            StepTiming step = round.outputs().step();
            load.stepped(drafted + 1, step);
            cost.learn(step);
            controller.verified(choice, drafted, round.accepted(), passes);
            controller.spent(spent);
            counter.round(drafted == 0 ? Choice.NONE : choice, drafted, round.accepted());
            choice = Choice.NONE;
            guessNanos = 0;
            passes = 0;
        }

        @Override
        public long passes() {
            return guesser.passes();
        }

        @Override
        public void close() {
            guesser.close();
        }

        @Override
        public AutoReport report(SpeculationStatistics statistics) {
            List<Double> ratios =
                    DoubleStream.of(2, 4, 8, 16, 32).map(cost::ratio).boxed().toList();
            AutoReport.Prices prices = new AutoReport.Prices(
                    cost.nanos(1) / 1e9, ratios, guessRounds.passes() * draftCost.passNanos() / 1e9, load.sequences());
            return new AutoReport(statistics, counter.sources(guesserName()), prices);
        }
    }
}
