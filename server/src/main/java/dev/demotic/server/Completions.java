package dev.demotic.server;

import dev.demotic.decoding.Infill;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code /v1/completions}: goes on with a text as it stands. */
final class Completions implements Endpoint {
    private static final int USUAL_MAX_TOKENS = 16;
    private static final int MOST_ALTERNATIVES = 20;
    private static final int MOST_PROMPTS = 256;

    private final Models models;
    private final Choices choices;
    private final ServerOptions options;

    Completions(Models models, Choices choices, ServerOptions options) {
        this.models = models;
        this.choices = choices;
        this.options = options;
    }

    /**
     * A request, with what completions alone have.
     *
     * @param echo whether replies begin with the prompt
     * @param logprobs alternatives to tell of; -1 for no likelihoods
     * @param bestOf replies to choose from
     */
    private record Order(Wish wish, List<int[]> prompts, boolean echo, int logprobs, int bestOf) {
        /** Tokens of prompts, without a reply. */
        boolean isScoring() {
            return wish.maxTokens() == 0;
        }

        /** For one choice. */
        TextOffsets textOffsets() {
            return new TextOffsets(wish.served().model().tokenizer());
        }

        int longestPrompt() {
            return prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
        }
    }

    @Override
    public void handle(Exchange exchange) {
        Fields fields = exchange.fields();
        ServedModel served = models.of(fields);
        Order order = order(fields, served);
        for (int[] prompt : order.prompts()) {
            order.wish().checkLength(prompt.length, "prompt");
        }
        if (options.logPrompts()) {
            exchange.notes().with("prompt", fields.json().get("prompt"));
        }
        try (Admission.Permit _ = choices.enter(order.wish(), order.longestPrompt(), order.bestOf())) {
            if (order.wish().isStreamed()) {
                stream(exchange, order);
            } else {
                answer(exchange, order);
            }
        }
    }

    private static Order order(Fields fields, ServedModel served) {
        int logprobs = fields.whole("logprobs", 0, MOST_ALTERNATIVES).orElse(-1);
        int maxTokens = fields.whole("max_tokens", 0, Integer.MAX_VALUE).orElse(USUAL_MAX_TOKENS);
        int bestOf = fields.whole("best_of", 1, 128).orElse(0);
        Wish wish = Wish.read(fields, served, maxTokens, bestOf > 0 ? Math.max(0, logprobs) : logprobs);
        if (bestOf > 0 && bestOf < wish.replies()) {
            throw ApiException.invalid("best_of", "best_of is " + bestOf + ", but must be at least n");
        }
        if (bestOf > wish.replies() && wish.isStreamed()) {
            throw ApiException.invalid("best_of", "best_of cannot be streamed: the best is known only at the end");
        }
        boolean echo = fields.flag("echo", false);
        if (maxTokens == 0 && (!echo || wish.isStreamed())) {
            throw ApiException.invalid("max_tokens", "max_tokens can be 0 only with echo, and without stream");
        }
        return new Order(wish, prompts(fields, served, echo), echo, logprobs, Math.max(bestOf, wish.replies()));
    }

    /** The texts to go on with; where a suffix is given, those that ask for what comes before it. */
    private static List<int[]> prompts(Fields fields, ServedModel served, boolean echo) {
        List<int[]> prompts = TokenIds.texts(fields, "prompt", served, MOST_PROMPTS);
        Optional<String> suffix = fields.string("suffix").filter(text -> !text.isEmpty());
        if (suffix.isEmpty()) {
            return prompts;
        }
        if (echo) {
            throw ApiException.invalid("echo", "echo cannot be had with suffix: the reply stands between the two");
        }
        Tokenizer tokenizer = served.model().tokenizer();
        Infill infill = Infill.of(tokenizer)
                .orElseThrow(() -> ApiException.unsupported(
                        "suffix",
                        "%s was not trained to fill gaps: its vocabulary has no marks for them; leave out suffix"
                                .formatted(served.name())));
        fields.find("suffix").ifPresent(text -> TextLimit.check(text, served, "suffix"));
        int[] after = tokenizer.encode(suffix.get());
        return prompts.stream()
                .map(before -> infill.prompt(before, after, tokenizer.bos()))
                .toList();
    }

    private static JsonObject frame(Wish wish) {
        return Json.object()
                .with("id", Ids.next("cmpl-"))
                .with("object", "text_completion")
                .with("created", System.currentTimeMillis() / 1000)
                .with("model", wish.served().name());
    }

    private void answer(Exchange exchange, Order order) {
        Wish wish = order.wish();
        List<JsonObject> described = new ArrayList<>();
        List<Reply> all = new ArrayList<>();
        int promptTokens = 0;
        for (int[] prompt : order.prompts()) {
            promptTokens += prompt.length;
            Echo echo = echo(order, prompt);
            if (order.isScoring()) {
                described.add(choice(
                        described.size(), echo.text(), echo.likelihoods(List.of(), order.textOffsets()), "length"));
                continue;
            }
            List<Reply> replies = choices.generate(exchange, wish, prompt, all.size(), order.bestOf());
            all.addAll(replies);
            for (Reply reply : best(replies, wish)) {
                List<TokenLogprobs> tokens = reply.logprobs().stream()
                        .filter(token -> !wish.endsWith(token.token()))
                        .toList();
                described.add(choice(
                        described.size(),
                        echo.text() + reply.text(),
                        echo.likelihoods(tokens, order.textOffsets()),
                        reply.finishReason().label()));
            }
        }
        int cached = all.stream()
                .mapToInt(reply -> reply.usage().cachedTokens())
                .max()
                .orElse(0);
        JsonObject answer = frame(wish)
                .with("choices", described)
                .with("usage", Accounts.usage(promptTokens, cached, Accounts.completionTokens(all)));
        exchange.json(all.isEmpty() ? answer : answer.with("timings", Accounts.timings(all)));
        if (options.logPrompts()) {
            exchange.notes().with("replies", all.stream().map(Reply::text).toList());
        }
    }

    /** As many as are asked for, the most likely first where there are more. */
    private static List<Reply> best(List<Reply> replies, Wish wish) {
        if (replies.size() == wish.replies()) {
            return replies;
        }
        Comparator<Reply> byLikelihood = Comparator.comparingDouble(reply -> -reply.logprobs().stream()
                .mapToDouble(TokenLogprobs::logprob)
                .average()
                .orElse(Double.NEGATIVE_INFINITY));
        return replies.stream().sorted(byLikelihood).limit(wish.replies()).toList();
    }

    private static JsonObject choice(
            int index, String text, @Nullable JsonObject logprobs, @Nullable String finishReason) {
        return Json.object()
                .with("index", index)
                .with("text", text)
                .with("logprobs", logprobs)
                .with("finish_reason", finishReason);
    }

    /**
     * What comes before a reply.
     *
     * @param text of the prompt; empty if it is not echoed
     * @param first token of the prompt, if likelihoods are wanted of it
     */
    private record Echo(String text, Optional<Integer> first, List<TokenLogprobs> tokens, Optional<Likelihoods> form) {
        @Nullable JsonObject likelihoods(List<TokenLogprobs> reply, TextOffsets places) {
            List<TokenLogprobs> all = new ArrayList<>(tokens);
            all.addAll(reply);
            return form.map(each -> each.ofCompletion(first.orElse(null), all, places))
                    .orElse(null);
        }
    }

    private static Echo echo(Order order, int[] prompt) {
        Wish wish = order.wish();
        Optional<Likelihoods> form = order.logprobs() < 0
                ? Optional.empty()
                : Optional.of(new Likelihoods(wish.served().model().tokenizer()));
        if (!order.echo()) {
            return new Echo("", Optional.empty(), List.of(), form);
        }
        String text = wish.served().model().tokenizer().decode(prompt);
        return form.isEmpty()
                ? new Echo(text, Optional.empty(), List.of(), form)
                : new Echo(
                        text,
                        Optional.of(prompt[0]),
                        PromptScores.of(wish.served().model(), prompt, order.logprobs()),
                        form);
    }

    private void stream(Exchange exchange, Order order) {
        Wish wish = order.wish();
        EventStream events = exchange.stream();
        JsonObject frame = frame(wish);
        List<Reply> all = new ArrayList<>();
        int promptTokens = 0;
        for (int[] prompt : order.prompts()) {
            promptTokens += prompt.length;
            Echo echo = echo(order, prompt);
            all.addAll(choices.generate(
                    exchange,
                    wish,
                    prompt,
                    all.size(),
                    wish.replies(),
                    index -> new Choice(order, events, frame, index, echo)));
        }
        if (wish.wantsUsage()) {
            JsonObject last = Json.object();
            last.putAll(frame);
            int cached = all.getFirst().usage().cachedTokens();
            events.send(last.with("choices", List.of())
                    .with("usage", Accounts.usage(promptTokens, cached, Accounts.completionTokens(all)))
                    .with("timings", Accounts.timings(all)));
        }
        events.done();
        events.close();
    }

    /** A reply that is streamed. */
    private static final class Choice extends Pieces {
        private final int index;
        private final Optional<Likelihoods> form;
        private final TextOffsets places;

        Choice(Order order, EventStream events, JsonObject frame, int index, Echo echo) {
            super(order.wish(), events, frame, index);
            this.index = index;
            form = echo.form();
            places = order.textOffsets();
            if (order.echo()) {
                send(choice(index, echo.text(), echo.likelihoods(List.of(), places), null));
            }
        }

        @Override
        void piece(String text) {
            send(choice(index, text, likelihoods(), null));
        }

        @Override
        public void done(Reply reply) {
            release();
            sendLast(choice(index, "", likelihoods(), reply.finishReason().label()), reply);
        }

        private @Nullable JsonObject likelihoods() {
            List<TokenLogprobs> tokens = takeLikelihoods();
            return tokens.isEmpty()
                    ? null
                    : form.map(each -> each.ofCompletion(null, tokens, places)).orElse(null);
        }
    }
}
