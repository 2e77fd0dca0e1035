package dev.demotic.decoding;

import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * A conversation that goes on: keeps its messages, and the KV cache of what the model has read already.
 *
 * <p>Each turn renders the whole conversation and evaluates only what differs from the turn before. A reply that is cancelled
 * stays in the conversation as far as it came. Not safe for use by several threads.
 */
public final class Chat implements AutoCloseable {
    private final List<ChatMessage> messages = new ArrayList<>();
    private final Sequence sequence;
    private Generation generation;
    /** The tokens whose keys and values the sequence holds, and perhaps one more. */
    private int[] evaluated = {};

    Chat(Generation generation) {
        this.generation = generation;
        sequence = generation.model().newSequence();
    }

    /** The messages so far, replies included. */
    public List<ChatMessage> messages() {
        return Collections.unmodifiableList(messages);
    }

    /** Settings for the next turns; they must be for the same model. */
    public void use(Generation settings) {
        if (settings.model() != generation.model()) {
            throw new IllegalArgumentException("a chat stays with its model");
        }
        generation = settings;
    }

    public Generation generation() {
        return generation;
    }

    /** Starts the conversation over with these messages. */
    public void reset(List<ChatMessage> start) {
        messages.clear();
        messages.addAll(start);
    }

    /** Says something and returns the reply, handing on its text as it comes. */
    public Reply say(String message, Consumer<String> onText) {
        return say(ChatMessage.user(message), onText);
    }

    /**
     * Adds a message and returns the reply, handing on its text as it comes. If it fails, the conversation is as before.
     *
     * @throws dev.demotic.runtime.DemoticException if the conversation has grown longer than the context
     */
    public Reply say(ChatMessage message, Consumer<String> onText) {
        messages.add(message);
        try {
            int[] prompt = generation.encode(Conversation.of(messages));
            sequence.truncate(Math.min(commonPrefix(prompt), prompt.length - 1));
            Reply reply = generation.reply(sequence, prompt, onText);
            evaluated = Arrays.copyOf(prompt, prompt.length + reply.tokens().length);
            System.arraycopy(reply.tokens(), 0, evaluated, prompt.length, reply.tokens().length);
            messages.add(ChatMessage.assistant(reply.text()));
            return reply;
        } catch (RuntimeException failure) {
            messages.removeLast();
            sequence.truncate(0);
            throw failure;
        }
    }

    private int commonPrefix(int[] prompt) {
        int mismatch = Arrays.mismatch(evaluated, prompt);
        int common = mismatch < 0 ? prompt.length : mismatch;
        return Math.min(common, sequence.length());
    }

    @Override
    public void close() {
        sequence.close();
    }
}
