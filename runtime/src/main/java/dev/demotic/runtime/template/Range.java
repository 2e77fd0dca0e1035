package dev.demotic.runtime.template;

import java.util.AbstractList;

/** Python's {@code range}: the integers from {@code start} to before {@code stop}, {@code step} apart. */
final class Range extends AbstractList<Object> {
    private static final int LONGEST = 100_000;

    private final long start;
    private final long stop;
    private final long step;
    private final int size;

    Range(long start, long stop, long step) {
        if (step == 0) {
            throw new TemplateException("range() wants a step other than 0");
        }
        this.start = start;
        this.stop = stop;
        this.step = step;
        double count = Math.ceil(((double) stop - start) / step);
        if (count > LONGEST) {
            throw new TemplateException("range() is longer than the " + LONGEST + " that a template may have");
        }
        size = (int) Math.max(0, count);
    }

    @Override
    public Object get(int index) {
        return start + index * step;
    }

    @Override
    public int size() {
        return size;
    }

    /** As Python prints it. */
    String describe() {
        return "range(" + start + ", " + stop + (step == 1 ? ")" : ", " + step + ")");
    }
}
