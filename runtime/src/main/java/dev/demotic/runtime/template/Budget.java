package dev.demotic.runtime.template;

import java.util.function.Supplier;

/**
 * What one rendering may spend, so that no template can hang the process or fill its memory.
 *
 * <p>Both limits grow with the conversation: a template that copies each message a few times always fits.
 */
final class Budget {
    private static final ScopedValue<Budget> CURRENT = ScopedValue.newInstance();
    private static final long STEPS = 5_000_000;
    private static final long CHARACTERS = 64L << 20;
    private static final long PER_INPUT_CHARACTER = 256;

    private static final long PER_ELEMENT = 8;

    private long steps;
    private long characters;

    Budget(long inputCharacters) {
        steps = STEPS + PER_INPUT_CHARACTER * inputCharacters;
        characters = CHARACTERS + PER_INPUT_CHARACTER * inputCharacters;
    }

    /** Runs {@code rendering} with this budget as the one that {@link #step} and {@link #grow} draw from. */
    <T> T spendOn(Supplier<T> rendering) {
        return ScopedValue.where(CURRENT, this).call(rendering::get);
    }

    /** Takes {@code count} units of work: nodes evaluated, elements visited, blocks of characters scanned. */
    static void step(long count) {
        if (CURRENT.isBound()) {
            Budget budget = CURRENT.get();
            budget.steps -= count;
            if (budget.steps < 0) {
                throw new TemplateException("the template does too much work; it may loop without end");
            }
        }
    }

    /** Takes the work of searching {@code needle} characters in {@code hay} characters, at its worst. */
    static void search(long hay, long needle) {
        step(1 + hay / 64 + hay * needle / 2048);
    }

    /** Takes room for {@code count} elements of lists, before they are made. */
    static void growList(long count) {
        grow(count > Long.MAX_VALUE / PER_ELEMENT ? Long.MAX_VALUE : count * PER_ELEMENT);
    }

    /** Takes room for {@code count} characters, before they are made. */
    static void grow(long count) {
        if (CURRENT.isBound()) {
            Budget budget = CURRENT.get();
            budget.characters -= count;
            if (count < 0 || budget.characters < 0) {
                throw new TemplateException("the template makes too much text; it may repeat or nest without end");
            }
        } else if (count < 0 || count > CHARACTERS) {
            throw new TemplateException("a constant of the template is too large");
        }
    }
}
