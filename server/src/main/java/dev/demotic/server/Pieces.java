package dev.demotic.server;

import dev.demotic.decoding.DraftRound;
import dev.demotic.decoding.Reply;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Puts what comes of a streamed reply in order: each piece of text with the likelihoods of its tokens, and, if drafts are traced,
 * each round's draft before the text that it led to.
 */
abstract class Pieces implements Choices.Listener {
    private final Wish wish;
    private final EventStream events;
    private final JsonObject frame;
    private final int index;
    private final StringBuilder held = new StringBuilder();
    private final List<TokenLogprobs> likelihoods = new ArrayList<>();
    private boolean hasText;
    /** Whether the method tells of rounds: the first comes after its token's text, or never. */
    private boolean hasRounds;

    /**
     * @param frame what all chunks of the stream have in common
     * @param index of the choice
     */
    Pieces(Wish wish, EventStream events, JsonObject frame, int index) {
        this.wish = wish;
        this.events = events;
        this.frame = frame;
        this.index = index;
    }

    /** Takes text, in order; the likelihoods of its tokens are there to be taken. */
    abstract void piece(String text);

    @Override
    public void token(TokenLogprobs likelihood) {
        if (!wish.endsWith(likelihood.token())) {
            likelihoods.add(likelihood);
        }
    }

    @Override
    public void text(String piece) {
        if (wish.isTraced() && (hasRounds || !hasText)) {
            held.append(piece);
        } else {
            release();
            piece(piece);
        }
        hasText = true;
    }

    @Override
    public void round(DraftRound round) {
        hasRounds = true;
        events.send(chunk(List.of())
                .with("demotic", Json.object().with("index", index).with("round", describe(round))));
        release();
    }

    /** Hands on what is still held back. */
    void release() {
        if (!held.isEmpty()) {
            String text = held.toString();
            held.setLength(0);
            piece(text);
        }
    }

    /** The likelihoods that were not handed on yet. */
    List<TokenLogprobs> takeLikelihoods() {
        List<TokenLogprobs> taken = List.copyOf(likelihoods);
        likelihoods.clear();
        return taken;
    }

    JsonObject chunk(List<JsonObject> choices) {
        JsonObject chunk = Json.object();
        chunk.putAll(frame);
        chunk.with("choices", choices);
        return wish.wantsUsage() ? chunk.with("usage", null) : chunk;
    }

    void send(JsonObject choice) {
        events.send(chunk(List.of(choice)));
    }

    /** Sends the choice that says why the reply ended; the account of it comes now, unless one of all is asked for. */
    void sendLast(JsonObject choice, Reply reply) {
        JsonObject last = chunk(List.of(choice));
        events.send(wish.wantsUsage() ? last : last.with("timings", Accounts.timings(List.of(reply))));
    }

    private JsonObject describe(DraftRound round) {
        Tokenizer tokenizer = wish.served().model().tokenizer();
        List<JsonObject> nodes = new ArrayList<>();
        for (DraftRound.Node node : round.nodes()) {
            nodes.add(Json.object()
                    .with("parent", node.parent())
                    .with("id", node.token())
                    .with("text", tokenizer.decode(node.token()))
                    .with("state", node.fate().name().toLowerCase(Locale.ROOT))
                    .with("probability", node.probability()));
        }
        int emitted = round.emitted().length;
        @Nullable JsonObject bonus = null;
        if (round.accepted() < emitted) {
            int own = round.emitted()[emitted - 1];
            bonus = Json.object().with("id", own).with("text", tokenizer.decode(own));
        }
        return Json.object()
                .with("nodes", nodes)
                .with("bonus", bonus)
                .with("drafter", round.drafter().isEmpty() ? null : round.drafter())
                .with("draft_ms", 1e3 * round.draftSeconds())
                .with("verify_ms", 1e3 * round.verifySeconds());
    }
}
