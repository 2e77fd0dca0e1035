package dev.demotic.decoding;

/**
 * What became of one round's draft.
 *
 * @param emitted tokens that the round added to the reply
 * @param accepted how many of them, from the first on, were drafted; the others are the target's own
 * @param rejected drafted tokens that did not come true, in the order in which they were drafted
 */
@SuppressWarnings("ArrayRecordComponent")
public record DraftRound(int[] emitted, int accepted, int[] rejected) {}
