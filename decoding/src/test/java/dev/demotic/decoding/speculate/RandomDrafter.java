package dev.demotic.decoding.speculate;

import java.util.Random;

/** Guesses at random, in trees of random shape. */
record RandomDrafter(int vocabulary, int nodes, long seed) implements Drafter {
    @Override
    public String name() {
        return "random";
    }

    @Override
    public Session begin(Context context) {
        Random random = new Random(seed);
        return tree -> {
            for (int i = random.nextInt(nodes + 1); i > 0; i--) {
                tree.add(random.nextInt(tree.size()), random.nextInt(vocabulary));
            }
        };
    }
}
