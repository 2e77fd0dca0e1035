package dev.demotic.decoding.speculate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.decoding.speculate.AutoController.Choice;
import dev.demotic.runtime.StepTiming;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a simulated machine with a clock of its own. */
class AutoControllerTest {
    private static final double STEP = 3e6;
    private static final int TOKENS = 20_000;

    private final StepCost cost = new StepCost();
    private final DraftCost draftCost = new DraftCost(cost, 0.1);
    private final RoundMeans guessRounds = new RoundMeans();
    private final RoundMeans rounds = new RoundMeans();
    private final Random random = new Random(1);
    private final Map<Choice, Integer> chosen = new EnumMap<>(Choice.class);

    /** A machine: what a row costs of a step, what a draft of four tokens takes, and how often each comes true. */
    private record Machine(double rowShare, double draftNanos, double acceptance) {
        double step(int rows) {
            return STEP * (1 + rowShare * (rows - 1));
        }
    }

    private AutoController controller() {
        return new AutoController(cost, draftCost, guessRounds.forReply(), rounds.forReply(), new Trials());
    }

    /** Generates tokens and returns the time over that of plain decoding. */
    private double run(Machine machine, double copyChance) {
        AutoController controller = controller();
        double nanos = 0;
        int tokens = 0;
        while (tokens < TOKENS) {
            double copyValue = copyChance > 0 ? Math.max(0, expected(copyChance, 8) - controller.priceOfRows(1, 8)) : 0;
            Choice choice = controller.choose(copyValue, 0);
            chosen.merge(choice, 1, Integer::sum);
            int drafted = switch (choice) {
                case NONE -> 0;
                case COPY -> 8;
                case GUESS -> 4;
            };
            double chance = choice == Choice.COPY ? copyChance : machine.acceptance();
            int accepted = 0;
            while (accepted < drafted && random.nextDouble() < chance) {
                accepted++;
            }
            double draft = choice == Choice.GUESS ? machine.draftNanos() : 0;
            double step = machine.step(1 + drafted) * (0.95 + 0.1 * random.nextDouble());
            if (choice == Choice.GUESS) {
                draftCost.passed(1, draft);
            }
            cost.learn(1 + drafted, (long) step);
            controller.verified(choice, drafted, accepted, choice == Choice.GUESS ? 1 : 0);
            controller.spent(draft + step);
            nanos += draft + step;
            tokens += accepted + 1;
        }
        return nanos / (TOKENS * STEP);
    }

    private static double expected(double chance, int length) {
        double sum = 0;
        for (int i = 1; i <= length; i++) {
            sum += Math.pow(chance, i);
        }
        return sum;
    }

    @ParameterizedTest
    @CsvSource({
        // rows cost, draft, acceptance
        "0.02, 0.1, 0.8",
        "0.02, 0.1, 0.6",
        "0.05, 0.3, 0.7",
        "0.05, 1.5, 0.3",
        "0.30, 0.3, 0.3",
        "1.00, 0.1, 0.5",
        "0.02, 3.0, 0.1",
        "0.02, 0.1, 0.0"
    })
    void isAboutAsFastAsTheBestConstantChoice(double rowShare, double draft, double acceptance) {
        Machine machine = new Machine(rowShare, draft * STEP, acceptance);
        double always = (machine.step(5) + machine.draftNanos()) / STEP / (1 + expected(acceptance, 4));
        double best = Math.min(1, always);

        assertThat(run(machine, 0)).as("always: %s", always).isLessThan(1.04 * best);
    }

    @Test
    void neverMuchSlowerThanPlainFromTheSecondReplyOn() {
        Machine hopeless = new Machine(0.1, 0.5 * STEP, 0.05);
        run(hopeless, 0);
        assertThat(run(hopeless, 0)).isLessThan(1.02);
    }

    @Test
    void followsAChangeOfTheText() {
        run(new Machine(0.03, 0.3 * STEP, 0.02), 0);
        chosen.clear();
        double changed = run(new Machine(0.03, 0.3 * STEP, 0.9), 0);
        assertThat(chosen.getOrDefault(Choice.GUESS, 0)).isGreaterThan(chosen.getOrDefault(Choice.NONE, 0));
        assertThat(changed).isLessThan(0.5);
    }

    @Test
    void copiesWhereThatIsBest() {
        double time = run(new Machine(0.02, 0.3 * STEP, 0.6), 0.95);
        assertThat(chosen.getOrDefault(Choice.COPY, 0)).isGreaterThan(10 * chosen.getOrDefault(Choice.GUESS, 0));
        assertThat(time).isLessThan(0.25);
    }

    @Test
    void rowsAreDearWhereCopiesAreFrequent() {
        AutoController controller = controller();
        for (int i = 0; i < 20; i++) {
            cost.learn(1, (long) STEP);
        }
        double price = controller.priceOfRows(1, 1);
        for (int i = 0; i < 50; i++) {
            controller.verified(Choice.COPY, 8, 8, 0);
        }
        assertThat(controller.priceOfRows(1, 1)).isGreaterThan(2 * price);
        for (int i = 0; i < 200; i++) {
            controller.verified(Choice.NONE, 0, 0, 0);
        }
        assertThat(controller.priceOfRows(1, 1)).isLessThan(1.1 * price);
    }

    @Test
    void aSlowStartIsForgotten() {
        cost.learn(1, (long) STEP);
        for (int i = 0; i < 20; i++) {
            draftCost.passed(1, 5 * STEP);
            cost.learn(8, (long) (5 * STEP));
        }
        assertThat(run(new Machine(0.02, 0.2 * STEP, 0.8), 0)).isLessThan(0.5);
    }

    @Test
    void aTextIsReadOnceTheReplyHasTakenLonger() {
        AutoController controller = controller();
        cost.learn(1, (long) STEP);
        assertThat(controller.choose(0, STEP)).isEqualTo(Choice.NONE);
        controller.spent(10 * STEP);
        assertThat(controller.choose(0, STEP)).isEqualTo(Choice.GUESS);
    }

    @Test
    void underLoadARowIsPaidForByAll() {
        AutoController controller = controller();
        for (int i = 0; i < 50; i++) {
            cost.learn(1, (long) STEP);
            cost.learn(8, (long) (1.1 * STEP));
            cost.learn(32, (long) (3 * STEP));
            cost.learn(64, (long) (6 * STEP));
        }
        double alone = controller.priceOfRows(1, 4);
        controller.load(31, 32);
        assertThat(controller.priceOfRows(1, 4)).isGreaterThan(5 * alone);
    }

    @Test
    void theDraftsOfOthersMakeNoRowCheaper() {
        AutoController controller = controller();
        for (int i = 0; i < 50; i++) {
            for (int rows = 1; rows <= 128; rows *= 2) {
                cost.learn(rows, (long) (STEP * (1 + 0.2 * (rows - 1))));
            }
        }
        controller.load(31, 32);
        double othersPlain = controller.priceOfRows(1, 1);
        controller.load(62, 32);
        assertThat(controller.priceOfRows(1, 1)).isGreaterThan(0.95 * othersPlain);
    }

    @Test
    void aStepTellsOnceAndWithoutPrompts() {
        cost.learn(new StepTiming((long) STEP, 1, 1, 1, 1));
        for (int began = 2; began < 100; began++) {
            cost.learn(new StepTiming((long) (2 * STEP), 8, 8, 8, 2));
            cost.learn(new StepTiming((long) (9 * STEP), 8, 4, 4, began));
        }
        StepCost once = new StepCost();
        once.learn(1, (long) STEP);
        once.learn(8, (long) (2 * STEP));
        assertThat(cost.nanos(8)).isEqualTo(once.nanos(8));
    }

    @Test
    void nothingIsDraftedBeforeThereIsAPrice() {
        assertThat(controller().choose(5, 0)).isEqualTo(Choice.NONE);
    }

    @Test
    void stepsCostWhatTheyTake() {
        for (int i = 0; i < 300; i++) {
            int rows = 1 + random.nextInt(40);
            double noise = 0.9 + 0.2 * random.nextDouble();
            double held = random.nextInt(20) == 0 ? 10 : 1;
            cost.learn(rows, (long) ((2e6 + 5e4 * rows) * noise * held));
        }
        for (int rows : new int[] {1, 5, 12, 30}) {
            assertThat(cost.nanos(rows) / (2e6 + 5e4 * rows)).isBetween(0.85, 1.25);
        }
        assertThat(cost.nanos(200)).isGreaterThanOrEqualTo(cost.nanos(30));
    }

    @Test
    void chancesFollowWhatHappens() {
        GuessChances shared = new GuessChances(0.5, 0.5);
        GuessChances reply = shared.forReply();
        for (int i = 0; i < 400; i++) {
            reply.learn(0, random.nextDouble() < 0.9, 1);
        }
        assertThat(reply.of(0)).isBetween(0.75, 0.97);
        assertThat(shared.of(0)).isBetween(0.85, 0.95);
        assertThat(reply.of(1)).isEqualTo(0.5);
        assertThat(shared.forReply().of(0)).isEqualTo(shared.of(0));
    }
}
