package dev.demotic.server;

import dev.demotic.decoding.tools.ToolCall;
import dev.demotic.decoding.tools.ToolCallParser;
import dev.demotic.decoding.tools.ToolUse;
import dev.demotic.runtime.template.Conversation;
import java.util.ArrayList;
import java.util.List;

/**
 * A conversation that a model is to go on with.
 *
 * @param conversation as the request holds it
 * @param tools how the model is told of tools
 */
record ChatPrompt(Conversation conversation, ToolUse tools) {
    /** @throws ApiException if the model has no chat template */
    static ChatPrompt of(Conversation conversation, ServedModel served) {
        if (!served.model().hasChatTemplate()) {
            throw ApiException.unprocessable(
                    "model",
                    "%s has no chat template, so it cannot chat; use /v1/completions".formatted(served.name()));
        }
        return new ChatPrompt(conversation, ToolUse.of(served.model()));
    }

    /** The conversation as the model's template can render it. */
    Conversation prepared() {
        return tools.prepare(conversation);
    }

    private boolean hasTools() {
        return !conversation.tools().isEmpty();
    }

    /** Takes a reply apart as it comes. */
    Splitter split(ToolCallParser.Listener listener) {
        return new Splitter(listener);
    }

    /** What a whole reply consists of. */
    Parts split(String reply) {
        Parts parts = new Parts(new StringBuilder(), new ArrayList<>());
        Splitter splitter = split(parts);
        splitter.accept(reply);
        splitter.finish();
        return parts;
    }

    /** Tells calls from text, if there are tools to be called. */
    final class Splitter {
        private final ToolCallParser.Listener listener;
        private final ToolCallParser parser;

        private Splitter(ToolCallParser.Listener listener) {
            this.listener = listener;
            parser = tools.parser(conversation, listener);
        }

        void accept(String text) {
            if (hasTools()) {
                parser.accept(text);
            } else {
                listener.text(text);
            }
        }

        void finish() {
            parser.finish();
        }
    }

    /** The parts of a reply, collected. */
    record Parts(StringBuilder text, List<ToolCall> calls) implements ToolCallParser.Listener {
        @Override
        public void text(String piece) {
            text.append(piece);
        }

        @Override
        public void call(ToolCall call) {
            calls.add(call);
        }
    }
}
