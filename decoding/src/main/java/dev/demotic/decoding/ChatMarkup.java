package dev.demotic.decoding;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.ChatTemplate;
import dev.demotic.runtime.template.Conversation;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns a conversation into tokens so that only the template can write special tokens.
 *
 * <p>A message that spells one, such as {@code <|im_end|>}, could otherwise end its turn and forge another. While the
 * template renders, private-use characters stand in for what messages spell; each then becomes the tokens of plain text.
 */
final class ChatMarkup {
    private static final char FIRST_STAND_IN = 0xE000;

    private final Tokenizer tokenizer;
    private final Set<String> spelled = new LinkedHashSet<>();
    private final Map<Character, String> standIns = new LinkedHashMap<>();

    private ChatMarkup(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    static int[] encode(ChatTemplate template, Conversation conversation, Tokenizer tokenizer) {
        Conversation complete = conversation;
        complete = withPiece(complete, "bos_token", tokenizer, tokenizer.bos());
        complete = withPiece(complete, "eos_token", tokenizer, tokenizer.eos());
        return new ChatMarkup(tokenizer).encode(template, complete);
    }

    private static Conversation withPiece(
            Conversation conversation, String variable, Tokenizer tokenizer, OptionalInt token) {
        return token.isEmpty() || conversation.extras().containsKey(variable)
                ? conversation
                : conversation.with(variable, new String(tokenizer.bytes(token.getAsInt()), UTF_8));
    }

    private int[] encode(ChatTemplate template, Conversation conversation) {
        List<ChatMessage> messages = conversation.messages();
        messages.forEach(message -> findSpelled(message.fields()));
        if (spelled.isEmpty()) {
            return tokenizer.encodeWithSpecials(template.render(conversation));
        }
        chooseStandIns(messages.toString());
        List<ChatMessage> masked = messages.stream().map(this::mask).toList();
        return encodeAround(template.render(conversation.withMessages(masked)));
    }

    private void findSpelled(@Nullable Object value) {
        switch (value) {
            case String text -> {
                for (int token : tokenizer.encodeWithSpecials(text)) {
                    if (tokenizer.isControl(token)) {
                        spelled.add(new String(tokenizer.bytes(token), UTF_8));
                    }
                }
            }
            case Map<?, ?> map ->
                map.forEach((key, entry) -> {
                    findSpelled(key);
                    findSpelled(entry);
                });
            case Collection<?> list -> list.forEach(this::findSpelled);
            case null, default -> {}
        }
    }

    private void chooseStandIns(String taken) {
        char next = FIRST_STAND_IN;
        for (String piece : spelled) {
            while (taken.indexOf(next) >= 0) {
                next++;
            }
            standIns.put(next++, piece);
        }
    }

    private ChatMessage mask(ChatMessage message) {
        ChatMessage masked = message;
        for (Map.Entry<String, @Nullable Object> field : message.fields().entrySet()) {
            masked = masked.with(field.getKey(), mask(field.getValue()));
        }
        return masked;
    }

    private @Nullable Object mask(@Nullable Object value) {
        return switch (value) {
            case String text -> {
                String masked = text;
                for (Map.Entry<Character, String> standIn : standIns.entrySet()) {
                    masked = masked.replace(standIn.getValue(), standIn.getKey().toString());
                }
                yield masked;
            }
            case Map<?, ?> map -> {
                Map<Object, @Nullable Object> masked = new LinkedHashMap<>();
                map.forEach((key, entry) -> masked.put(mask(key), mask(entry)));
                yield masked;
            }
            case Collection<?> list -> list.stream().map(this::mask).toList();
            case null, default -> value;
        };
    }

    private int[] encodeAround(String rendered) {
        IntStream.Builder tokens = IntStream.builder();
        int start = 0;
        for (int i = 0; i < rendered.length(); i++) {
            String piece = standIns.get(rendered.charAt(i));
            if (piece != null) {
                add(tokenizer.encodeWithSpecials(rendered.substring(start, i)), tokens);
                add(tokenizer.encode(piece), tokens);
                start = i + 1;
            }
        }
        add(tokenizer.encodeWithSpecials(rendered.substring(start)), tokens);
        return tokens.build().toArray();
    }

    private static void add(int[] more, IntStream.Builder tokens) {
        for (int token : more) {
            tokens.add(token);
        }
    }
}
