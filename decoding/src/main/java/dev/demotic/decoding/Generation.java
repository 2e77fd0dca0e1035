package dev.demotic.decoding;

import dev.demotic.decoding.sample.Sampler;
import dev.demotic.decoding.sample.SamplingSettings;
import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.decoding.sample.TokenLogprobs;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.template.ChatMessage;
import dev.demotic.runtime.template.Conversation;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How to generate text with a model; each call generates one reply.
 *
 * <p>Never changes: the methods that set something return a new one, and one may serve any number of threads at once, whose
 * passes the model then joins. A reply is cancelled by interrupting its thread.
 *
 * <pre>{@code
 * try (LanguageModel model = LanguageModel.open(Path.of("model.gguf"))) {
 *     Generation generation = Generation.with(model).temperature(0.7).maxTokens(200);
 *     Reply reply = generation.chat("Explain mutexes.", System.out::print);
 * }
 * }</pre>
 */
public final class Generation {
    private final LanguageModel model;
    private SamplingSettings sampling = SamplingSettings.greedy();
    private int maxTokens = Integer.MAX_VALUE;
    private List<String> stops = List.of();
    private Set<Integer> stopTokens = Set.of();
    private boolean goesOn;
    private Set<Integer> shownTokens = Set.of();
    private int logprobs = -1;
    private boolean usesPrefixCache = true;
    private DecodingMethod method = new PlainDecoding();
    private @Nullable Consumer<DraftRound> onDraft;
    private Consumer<TokenLogprobs> onToken = _ -> {};

    private Generation(LanguageModel model) {
        this.model = model;
    }

    /** A copy with a change, which nobody sees before it is complete. */
    private Generation with(Consumer<Generation> change) {
        Generation copy = new Generation(model);
        copy.sampling = sampling;
        copy.maxTokens = maxTokens;
        copy.stops = stops;
        copy.stopTokens = stopTokens;
        copy.goesOn = goesOn;
        copy.shownTokens = shownTokens;
        copy.logprobs = logprobs;
        copy.usesPrefixCache = usesPrefixCache;
        copy.method = method;
        copy.onDraft = onDraft;
        copy.onToken = onToken;
        change.accept(copy);
        return copy;
    }

    /** Greedy text until the model stops or the context is full. */
    public static Generation with(LanguageModel model) {
        return new Generation(model);
    }

    public LanguageModel model() {
        return model;
    }

    public SamplingSettings sampling() {
        return sampling;
    }

    public Generation sampling(SamplingSettings settings) {
        return with(copy -> copy.sampling = settings);
    }

    /** 0 for greedy, 1 for the model's own distribution. */
    public Generation temperature(double temperature) {
        return sampling(sampling.withTemperature(temperature));
    }

    public Generation seed(long seed) {
        return sampling(sampling.withSeed(seed));
    }

    /** @throws DemoticException if the limit is below 1 */
    public Generation maxTokens(int limit) {
        if (limit < 1) {
            throw new DemoticException("max tokens is " + limit + ", but must be at least 1");
        }
        return with(copy -> copy.maxTokens = limit);
    }

    /** Ends the reply before the first of these strings. */
    public Generation stop(List<String> strings) {
        if (strings.stream().anyMatch(String::isEmpty)) {
            throw new DemoticException("a stop string is empty; leave it out or name some text");
        }
        return with(copy -> copy.stops = List.copyOf(strings));
    }

    /** Ends the reply at these tokens, too. */
    public Generation stopTokens(Set<Integer> tokens) {
        return with(copy -> copy.stopTokens = Set.copyOf(tokens));
    }

    /** Goes on where the model would end its reply: for measurements that need replies of equal length. */
    public Generation ignoreEnd(boolean ignore) {
        return with(copy -> copy.goesOn = ignore);
    }

    /** Has these control tokens appear in the text, which leaves out the others. */
    public Generation show(Set<Integer> tokens) {
        return with(copy -> copy.shownTokens = Set.copyOf(tokens));
    }

    /** Reports how likely each token was, with this many alternatives; -1 for no report. */
    public Generation logprobs(int alternatives) {
        if (alternatives < -1) {
            throw new DemoticException("logprobs asks for " + alternatives + " alternatives, but takes 0 or more");
        }
        return with(copy -> copy.logprobs = alternatives);
    }

    public Generation method(DecodingMethod decodingMethod) {
        return with(copy -> copy.method = decodingMethod);
    }

    /** Hands on what becomes of every draft, for methods that draft. */
    public Generation onDraft(Consumer<DraftRound> listener) {
        return with(copy -> copy.onDraft = listener);
    }

    /** Hands on how likely each token was, before its text, if {@link #logprobs} asks for it. */
    public Generation onToken(Consumer<TokenLogprobs> listener) {
        return with(copy -> copy.onToken = listener);
    }

    /** Whether what the KV cache still has of a prompt is taken from there; it is unless this says otherwise, and changes no text. */
    public Generation prefixCache(boolean use) {
        return with(copy -> copy.usesPrefixCache = use);
    }

    /** Continues a text as it stands, without a chat template. */
    public Reply complete(String prompt) {
        return complete(prompt, _ -> {});
    }

    /** {@link #complete(String)}, handing on text as it comes. */
    public Reply complete(String prompt, Consumer<String> onText) {
        return complete(encode(prompt), onText);
    }

    /** Continues tokens, taken as they are. */
    public Reply complete(int[] prompt, Consumer<String> onText) {
        try (Sequence sequence = model.newGrowingSequence(capacityFor(prompt))) {
            return reply(sequence, prompt, onText);
        }
    }

    /** Answers a message through the model's chat template. */
    public Reply chat(String message) {
        return chat(message, _ -> {});
    }

    /** {@link #chat(String)}, handing on text as it comes. */
    public Reply chat(String message, Consumer<String> onText) {
        return chat(List.of(ChatMessage.user(message)), onText);
    }

    /** Answers a conversation through the model's chat template. */
    public Reply chat(List<ChatMessage> messages, Consumer<String> onText) {
        return chat(Conversation.of(messages), onText);
    }

    /** Answers a conversation with tools or other template variables. */
    public Reply chat(Conversation conversation, Consumer<String> onText) {
        return complete(encode(conversation), onText);
    }

    /** A chat whose history and KV cache last from turn to turn. */
    public Chat newChat() {
        return new Chat(this);
    }

    /** The tokens of a text, with BOS where the model wants it; what looks like a special token stays text. */
    public int[] encode(String prompt) {
        return withBos(model.tokenizer().encode(prompt));
    }

    /** The tokens of a prompt in the model's own markup, in which special tokens count as such. */
    public int[] encodeMarkup(String prompt) {
        return withBos(model.tokenizer().encodeWithSpecials(prompt));
    }

    /**
     * The tokens of a conversation as its template writes it, up to where the reply begins. Special tokens come from the
     * template alone: messages that spell one do not forge a turn.
     */
    public int[] encode(Conversation conversation) {
        Conversation open = conversation.withGenerationPrompt(true);
        return withBos(ChatMarkup.encode(model.chatTemplate(), open, model.tokenizer()));
    }

    /** Puts BOS before a prompt that wants it and does not have it: many templates write it themselves. */
    private int[] withBos(int[] tokens) {
        Tokenizer tokenizer = model.tokenizer();
        if (!tokenizer.addsBos() || tokenizer.bos().isEmpty()) {
            return tokens;
        }
        int bos = tokenizer.bos().getAsInt();
        return tokens.length > 0 && tokens[0] == bos
                ? tokens
                : IntStream.concat(IntStream.of(bos), IntStream.of(tokens)).toArray();
    }

    private int capacityFor(int[] prompt) {
        check(prompt);
        return (int) Math.min(model.context(), (long) prompt.length + maxTokens);
    }

    private void check(int[] prompt) {
        if (prompt.length == 0) {
            throw new DemoticException("the prompt is empty; give the model at least one token to go on");
        }
        if (prompt.length >= model.context()) {
            throw new DemoticException(
                    "the prompt has %,d tokens and the context %,d, which leaves no room for a reply; shorten it, or open the model with a longer context"
                            .formatted(prompt.length, model.context()));
        }
    }

    /** Continues a sequence that holds a prefix of {@code prompt} already. */
    Reply reply(Sequence sequence, int[] prompt, Consumer<String> onText) {
        check(prompt);
        Sampler sampler = new Sampler(sampling, model.config().vocabulary());
        sampler.history().begin(prompt);
        ReplyText text = new ReplyText(model.tokenizer(), stops, shownTokens, onText);
        int cached = cached(sequence, prompt);
        int limit = Math.min(maxTokens, sequence.capacity() - prompt.length + 1);
        Collector collector = new Collector(sampler.history(), text, prompt.length + limit);
        try {
            int[] rest = java.util.Arrays.copyOfRange(prompt, cached, prompt.length);
            method.decode(sequence, rest, sampler, collector);
        } catch (CancellationException interrupted) {
            collector.reason = FinishReason.CANCELLED;
        }
        text.finish();
        int[] tokens = IntStream.range(prompt.length, sampler.history().size())
                .map(sampler.history()::token)
                .toArray();
        return new Reply(
                text.toString(),
                tokens,
                collector.reason,
                new Reply.Usage(prompt.length, cached, tokens.length),
                collector.clock.timings(),
                List.copyOf(collector.logprobs),
                collector.report);
    }

    /** Takes what is known of a prompt; returns how much of it that is. */
    private int cached(Sequence sequence, int[] prompt) {
        if (sequence.length() == 0 && usesPrefixCache && !method.readsWholePrompt()) {
            return sequence.takeCached(prompt);
        }
        sequence.remember();
        return sequence.length();
    }

    /** Turns what a method puts out into the parts of a reply. */
    private final class Collector implements DecodingMethod.Sink {
        private final Set<Integer> modelStops =
                goesOn ? Set.of() : model.tokenizer().stopTokens();
        private final TokenHistory history;
        private final ReplyText text;
        private final int fullLength;
        private final List<TokenLogprobs> logprobs = new ArrayList<>();
        private final Clock clock = new Clock();
        private FinishReason reason = FinishReason.LENGTH;
        private @Nullable MethodReport report;

        /** @param fullLength of the history when the reply must end */
        private Collector(TokenHistory history, ReplyText text, int fullLength) {
            this.history = history;
            this.text = text;
            this.fullLength = fullLength;
        }

        @Override
        public boolean accept(int token, MemorySegment logits) {
            clock.tick();
            if (Generation.this.logprobs >= 0) {
                TokenLogprobs likelihood = TokenLogprobs.of(logits, token, Generation.this.logprobs);
                logprobs.add(likelihood);
                onToken.accept(likelihood);
            }
            if (endsWith(token) || text.add(token, wanted() <= 0)) {
                reason = FinishReason.STOP;
                return false;
            }
            return wanted() > 0;
        }

        @Override
        public int wanted() {
            return fullLength - history.size();
        }

        @Override
        public boolean endsWith(int token) {
            return modelStops.contains(token) || stopTokens.contains(token);
        }

        @Override
        public boolean wantsDrafts() {
            return onDraft != null;
        }

        @Override
        public void drafted(DraftRound round) {
            if (onDraft != null) {
                onDraft.accept(round);
            }
        }

        @Override
        public void report(MethodReport account) {
            report = account;
        }
    }

    /** Measures a reply. */
    private static final class Clock {
        private final long start = System.nanoTime();
        private long first;
        private long last;

        void tick() {
            last = System.nanoTime();
            first = first == 0 ? last : first;
        }

        Reply.Timings timings() {
            return first == 0
                    ? new Reply.Timings((System.nanoTime() - start) / 1e9, 0)
                    : new Reply.Timings((first - start) / 1e9, (last - first) / 1e9);
        }
    }
}
