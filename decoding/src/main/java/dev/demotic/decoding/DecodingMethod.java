package dev.demotic.decoding;

import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Sequence;
import java.lang.foreign.MemorySegment;

/** A way to turn forward passes into tokens: a plain loop that reads like its paper. */
public interface DecodingMethod {
    /** Takes tokens as they are certain; what it says beforehand keeps methods that look ahead from vain work. */
    @FunctionalInterface
    interface Sink {
        /**
         * @param token the next token of the reply
         * @param logits what the model put out where it was drawn; holds during the call
         * @return false if the reply is complete
         */
        boolean accept(int token, MemorySegment logits);

        /** The most tokens that it will still take. */
        default int wanted() {
            return Integer.MAX_VALUE;
        }

        /** Whether this token, wherever it came, would complete the reply. */
        default boolean endsWith(int token) {
            return false;
        }

        /** Whether it wants to be told of every draft. */
        default boolean wantsDrafts() {
            return false;
        }

        /** Told of every round of a method that drafts, if it wants to be, after the round's tokens were accepted. */
        default void drafted(DraftRound round) {}

        /** Takes the method's account of its work, once, when it is over or has failed. */
        default void report(MethodReport report) {}
    }

    /** The name by which users ask for it. */
    String name();

    /** Whether it learns from every token of a prompt, so that none of them may come from the prefix cache. */
    default boolean readsWholePrompt() {
        return false;
    }

    /**
     * Continues a sequence until the sink has enough, or the sequence is full.
     *
     * @param sequence holds the context but for {@code prompt}
     * @param prompt what to append first; at least one token
     * @param sampler draws the tokens; its history holds the whole context
     */
    void decode(Sequence sequence, int[] prompt, Sampler sampler, Sink sink);
}
