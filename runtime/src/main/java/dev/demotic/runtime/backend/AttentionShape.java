package dev.demotic.runtime.backend;

/**
 * The shape of one layer's attention.
 *
 * @param heads query heads
 * @param kvHeads key and value heads, each shared by heads / kvHeads query heads
 * @param headDimension floats of a head
 * @param window positions that a row sees, itself included; 0 for all
 * @param scale factor of the scores
 * @param softCap scores become softCap · tanh(score / softCap); 0 for none
 */
public record AttentionShape(int heads, int kvHeads, int headDimension, int window, float scale, float softCap) {
    /** The first position that a row at {@code position} sees. */
    public int firstVisible(int position) {
        return window == 0 ? 0 : Math.max(0, position - window + 1);
    }
}
