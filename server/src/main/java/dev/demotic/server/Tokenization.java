package dev.demotic.server;

import dev.demotic.decoding.Generation;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.template.Conversation;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** {@code /tokenize} and {@code /detokenize}, with the fields of both llama.cpp and vLLM. */
final class Tokenization {
    private final Models models;

    Tokenization(Models models) {
        this.models = models;
    }

    /** The tokens of {@code content}, {@code prompt} or {@code messages}. */
    void tokenize(Exchange exchange) {
        Fields fields = exchange.fields();
        ServedModel served = models.of(fields);
        LanguageModel model = served.model();
        int[] tokens = tokens(fields, served);
        JsonObject answer = Json.object()
                .with("tokens", tokens)
                .with("count", tokens.length)
                .with("max_model_len", model.context());
        if (fields.flag("with_pieces", false)) {
            List<JsonObject> pieces = new ArrayList<>();
            for (int token : tokens) {
                byte[] bytes = model.tokenizer().bytes(token);
                Optional<String> piece = TokenText.whole(bytes);
                pieces.add(Json.object()
                        .with("id", token)
                        .with("piece", piece.isPresent() ? piece.get() : TokenText.numbers(bytes)));
            }
            answer.with("tokens", pieces);
        }
        exchange.json(answer);
    }

    private static int[] tokens(Fields fields, ServedModel served) {
        Generation generation = Generation.with(served.model());
        for (String field : List.of("messages", "content", "prompt")) {
            fields.find(field).ifPresent(text -> TextLimit.check(text, served, field));
        }
        if (fields.has("messages")) {
            Conversation conversation = Messages.conversation(fields);
            return generation.encode(ChatPrompt.of(conversation, served).prepared());
        }
        String text =
                fields.string("content").or(() -> fields.string("prompt")).orElseThrow(() -> fields.missing("content"));
        Tokenizer tokenizer = served.model().tokenizer();
        boolean special = fields.flag("parse_special", false);
        if (fields.flag("add_special", fields.flag("add_special_tokens", false))) {
            return special ? generation.encodeMarkup(text) : generation.encode(text);
        }
        return special ? tokenizer.encodeWithSpecials(text) : tokenizer.encode(text);
    }

    /** The text of {@code tokens}. */
    void detokenize(Exchange exchange) {
        Fields fields = exchange.fields();
        LanguageModel model = models.of(fields).model();
        JsonNode ids = fields.find("tokens").orElseThrow(() -> fields.missing("tokens"));
        int[] tokens = TokenIds.all(fields, "tokens", ids, model);
        String text = model.tokenizer().decode(tokens);
        exchange.json(Json.object().with("content", text).with("prompt", text));
    }
}
