package dev.demotic.decoding;

import java.util.List;

/**
 * What became of one round's draft.
 *
 * @param emitted tokens that the round added to the reply
 * @param accepted how many of them, from the first on, were drafted; the others are the target's own
 * @param rejected drafted tokens that did not come true, in the order in which they were drafted
 * @param nodes the draft's tree, parents before their children
 * @param drafter by name; empty if nothing was drafted
 * @param draftSeconds spent on drafting
 * @param verifySeconds spent in the target's pass
 */
@SuppressWarnings("ArrayRecordComponent")
public record DraftRound(
        int[] emitted,
        int accepted,
        int[] rejected,
        List<Node> nodes,
        String drafter,
        double draftSeconds,
        double verifySeconds) {

    /**
     * A drafted token.
     *
     * @param parent index of the node that it follows; -1 if it follows what was emitted before the round
     * @param token its id
     * @param fate what became of it
     * @param probability that the target gives it after its parent, before temperature, penalties and truncation
     */
    public record Node(int parent, int token, Fate fate, double probability) {}

    /** What became of a drafted token. */
    public enum Fate {
        ACCEPTED,
        REJECTED,
        /** It follows a token that was rejected. */
        UNTESTED
    }

    /** A round that drafts nothing: a pass over the prompt, or over the token before. */
    public static DraftRound undrafted(int token, double seconds) {
        return new DraftRound(new int[] {token}, 0, new int[0], List.of(), "", 0, seconds);
    }
}
