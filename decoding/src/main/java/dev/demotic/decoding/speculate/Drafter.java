package dev.demotic.decoding.speculate;

import dev.demotic.decoding.sample.Sampler;
import dev.demotic.runtime.Outputs;
import dev.demotic.runtime.Sequence;
import java.util.Optional;

/** A way to guess what the target will say. Holds what lasts from reply to reply, and serves any number of them at once. */
public interface Drafter {
    /** The name by which users ask for it. */
    String name();

    /**
     * Begins a reply.
     *
     * @throws dev.demotic.runtime.DemoticException if it cannot draft for this target
     */
    Session begin(Context context);

    /** Layers of the target after which the drafter wants hidden states, of the prompt and of every pass. */
    default int[] captures() {
        return new int[0];
    }

    /**
     * What a drafter may know of a reply.
     *
     * @param target the target's own sequence: to be forked, or run over draft nodes that are never accepted; its capacity is
     *     the most tokens that the context will have
     * @param prompt what the target put out for the prompt: the last logits, and the captures; holds during the call
     * @param sampler turns the drafter's logits into the distribution that counts, and draws from the reply's one random
     *     stream; its history holds the context, the pending token last
     * @param length how much to draft
     */
    record Context(Sequence target, Outputs prompt, Sampler sampler, DraftLength length) {}

    /** Drafts for one reply. Used by one thread. */
    @FunctionalInterface
    interface Session extends AutoCloseable {
        /**
         * Proposes what may follow the pending token, or nothing.
         *
         * <p>Anything may have been emitted since the last call, by rounds without a draft too: the sampler's history tells. It
         * may be extended on the way, to draw with the penalties of a path; the caller takes that back.
         */
        void propose(DraftTree tree);

        /** What the last proposal came from, by name, if that is not simply the drafter's. */
        default Optional<String> source() {
            return Optional.empty();
        }

        /** Told of every round, before the tree and the outputs are gone. */
        default void verified(Verification round) {}

        /** Passes of draft models so far. */
        default long passes() {
            return 0;
        }

        /** The account of the reply, when it is over: the loop's, and what the drafter has to add. */
        default SpeculationReport report(SpeculationStatistics statistics) {
            return statistics;
        }

        @Override
        default void close() {}
    }
}
