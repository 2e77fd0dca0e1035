package dev.demotic.decoding.speculate;

import java.util.Arrays;

/** The transitions of an automaton over tokens, in a few arrays: a hash table, and a list for each state. */
final class Transitions {
    /** No such state. */
    static final int NONE = -1;

    /** By transition. */
    private int[] from = new int[64];

    private int[] token = new int[64];
    private int[] to = new int[64];
    /** The transition that its state had before; {@link #NONE} at the end of the list. */
    private int[] previous = new int[64];

    private int count;
    /** By state: its newest transition. */
    private int[] newest = {};
    /** Transitions by the hash of state and token; {@link #NONE} where there is none. At most half full. */
    private int[] table = filled(128);

    /** The state that a token leads to, or {@link #NONE}. */
    int get(int state, int by) {
        int found = table[slot(state, by)];
        return found == NONE ? NONE : to[found];
    }

    /** Adds a transition, or leads it elsewhere. */
    void put(int state, int by, int target) {
        reserve(state);
        int slot = slot(state, by);
        if (table[slot] != NONE) {
            to[table[slot]] = target;
            return;
        }
        from[count] = state;
        token[count] = by;
        to[count] = target;
        previous[count] = newest[state];
        newest[state] = count;
        table[slot] = count++;
    }

    /** Gives a state all transitions of another one. */
    void copy(int state, int copy) {
        reserve(state);
        for (int i = newest[state]; i != NONE; i = previous[i]) {
            put(copy, token[i], to[i]);
        }
    }

    /** Makes room for another transition, of this state. */
    private void reserve(int state) {
        if (state >= newest.length) {
            int known = newest.length;
            newest = Arrays.copyOf(newest, Math.max(64, 2 * (state + 1)));
            Arrays.fill(newest, known, newest.length, NONE);
        }
        if (count == from.length) {
            from = Arrays.copyOf(from, 2 * count);
            token = Arrays.copyOf(token, 2 * count);
            to = Arrays.copyOf(to, 2 * count);
            previous = Arrays.copyOf(previous, 2 * count);
            table = filled(4 * count);
            for (int i = 0; i < count; i++) {
                table[slot(from[i], token[i])] = i;
            }
        }
    }

    private int slot(int state, int by) {
        int slot = home(state, by);
        while (table[slot] != NONE && (from[table[slot]] != state || token[table[slot]] != by)) {
            slot = slot + 1 & table.length - 1;
        }
        return slot;
    }

    private int home(int state, int by) {
        long hash = (((long) state << 32) | by) * 0x9E3779B97F4A7C15L;
        return (int) (hash >>> 40) & table.length - 1;
    }

    private static int[] filled(int size) {
        int[] empty = new int[size];
        Arrays.fill(empty, NONE);
        return empty;
    }
}
