package dev.demotic.runtime.format;

import dev.demotic.runtime.tensor.Tensor;

/** How the rows of a tensor become blocks of Q8_0, where that is not each weight for itself. */
public interface Rounding {
    /** Each weight to the nearest level of a scale that fits the largest of its block, as ggml does. */
    Rounding NEAREST = new Rounding() {
        @Override
        public boolean knows(Tensor tensor) {
            return false;
        }

        @Override
        public byte[] round(Tensor tensor, float[] values, int rows) {
            throw new IllegalArgumentException("nothing is known of " + tensor.name());
        }
    };

    /** Whether {@link #round} takes this tensor. */
    boolean knows(Tensor tensor);

    /**
     * Rounds rows of a tensor; called by many threads.
     *
     * @param values the rows, one after the other
     * @param rows how many
     * @return their blocks of Q8_0
     */
    byte[] round(Tensor tensor, float[] values, int rows);
}
