package dev.demotic.langchain4j;

import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** LangChain4j's messages as chat templates see them. */
final class Messages {
    private Messages() {}

    /** @throws UnsupportedFeatureException if a message holds what no template takes */
    static Conversation conversation(ChatRequest request) {
        return Conversation.of(
                request.messages().stream().map(Messages::message).toList());
    }

    private static ChatMessage message(dev.langchain4j.data.message.ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> ChatMessage.system(system.text());
            case UserMessage user -> {
                ChatMessage turn = ChatMessage.user(text(user.contents()));
                yield user.name() == null ? turn : turn.with("name", user.name());
            }
            case AiMessage answer -> ChatMessage.assistant(answer.text() == null ? "" : answer.text());
            default ->
                throw new UnsupportedFeatureException(
                        "messages of type %s are not supported".formatted(message.type()));
        };
    }

    private static String text(List<Content> contents) {
        return contents.stream().map(Messages::text).collect(Collectors.joining("\n"));
    }

    private static String text(Content content) {
        if (content instanceof TextContent text) {
            return text.text();
        }
        throw new UnsupportedFeatureException("content of type %s is not supported: the model reads text"
                .formatted(content.type().toString().toLowerCase(Locale.ROOT)));
    }
}
