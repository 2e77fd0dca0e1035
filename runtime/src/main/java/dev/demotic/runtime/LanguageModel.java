package dev.demotic.runtime;

import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.backend.cpu.CpuBackend;
import dev.demotic.runtime.backend.cpu.PhysicalCores;
import dev.demotic.runtime.batch.Batcher;
import dev.demotic.runtime.batch.Turns;
import dev.demotic.runtime.cache.KvPool;
import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.cache.KvTable;
import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.ModelSources;
import dev.demotic.runtime.model.Decoder;
import dev.demotic.runtime.model.ModelConfig;
import dev.demotic.runtime.template.ChatTemplate;
import dev.demotic.runtime.tokenizer.Tokenizer;
import dev.demotic.runtime.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A language model, ready for use: weights, tokenizer, and the engine that joins the passes of all its sequences.
 *
 * <p>Safe for use by many threads; each opens sequences of its own.
 */
public final class LanguageModel implements AutoCloseable {
    /** Rows of the largest step: longer prompts run in chunks. */
    static final int STEP_ROWS = 512;
    /** Rows of logits that are computed at once. */
    static final int LOGIT_ROWS = 32;
    /** One for all models of the process: they share its cores. */
    private static final Turns TURNS = new Turns(PhysicalCores.count());

    private final ModelSource source;
    private final Backend backend;
    private final KvPool pool;
    private final Batcher batcher;
    private final ModelConfig config;
    private final MemoryNeed memory;
    private final int context;
    private final int threads;
    private @Nullable Tokenizer tokenizer;
    private @Nullable ChatTemplate chatTemplate;

    private LanguageModel(ModelSource source, Backend backend, int threads, ModelOptions options) {
        this.source = source;
        this.backend = backend;
        this.threads = threads;
        context = contextOf(source, options.context());
        memory = MemoryNeed.of(source, context, options.kvType());
        long available = options.maxMemory() == 0 ? MemoryNeed.available() : options.maxMemory();
        memory.check(source.path(), context, available);

        Decoder decoder = new Decoder(source, backend, context, STEP_ROWS, LOGIT_ROWS);
        config = decoder.config();
        KvShape shape = Decoder.kvShape(config, options.kvType());
        int blocksEach = KvShape.blocks(context + MemoryNeed.DRAFT_ROOM);
        long affordable = (available - memory.weights() - memory.workArea()) / shape.blockBytes();
        int blocks = (int) Math.min((long) blocksEach * options.sequences(), affordable);
        KvStore store = backend.allocateKv(shape, blocks);
        pool = new KvPool(store, blocks);
        batcher = new Batcher(decoder, store, new Step(STEP_ROWS), TURNS.join(threads), !options.pin()).start();
    }

    /**
     * Opens a GGUF file or a Hugging Face folder.
     *
     * @throws DemoticException if it is no model that Demotic can run, or needs more memory than there is
     */
    public static LanguageModel open(Path path) {
        return open(path, ModelOptions.defaults());
    }

    /** {@link #open(Path)} with options. */
    public static LanguageModel open(Path path, ModelOptions options) {
        return open(ModelSources.open(path), options);
    }

    /** Opens a model that is already mapped, and owns it from then on. */
    public static LanguageModel open(ModelSource source, ModelOptions options) {
        return open(source, options, UnaryOperator.identity());
    }

    /**
     * {@link #open(ModelSource, ModelOptions)} for those who want to see each operation.
     *
     * @param around gets the model's backend and gives one that stands around it, and closes it
     */
    public static LanguageModel open(ModelSource source, ModelOptions options, UnaryOperator<Backend> around) {
        Backend backend = null;
        try {
            int threads = options.threads() == 0 ? PhysicalCores.count() : options.threads();
            if (threads < 1 || options.sequences() < 1) {
                throw new DemoticException("a model needs at least one thread and one sequence");
            }
            backend = around.apply(backend(threads, options));
            return new LanguageModel(source, backend, threads, options);
        } catch (RuntimeException | Error failure) {
            if (backend != null) {
                backend.close();
            }
            source.close();
            throw failure;
        }
    }

    private static Backend backend(int threads, ModelOptions options) {
        if (options.pin()) {
            return CpuBackend.pinned(threads, options.kernels(), options.firstCore());
        }
        return TURNS.isAlone(threads)
                ? CpuBackend.takingTurns(threads, options.kernels())
                : new CpuBackend(threads, options.kernels());
    }

    /** The names of the kernel sets that run here, the best first. */
    public static List<String> kernelSets() {
        return CpuBackend.kernelSets();
    }

    private static int contextOf(ModelSource source, int wanted) {
        int trained = Decoder.configOf(source).trainedContext();
        if (wanted < 0 || wanted > trained) {
            throw new DemoticException("%s was trained for a context of %,d tokens, so it cannot be opened with %,d"
                    .formatted(source.path(), trained, wanted));
        }
        return wanted == 0 ? trained : wanted;
    }

    /**
     * What a model would take, without opening it for use.
     *
     * @param context positions of a sequence; 0 for what the model was trained for
     * @throws DemoticException if the model was not trained for so many
     */
    public static MemoryNeed memoryNeed(ModelSource source, int context, KvType kvType) {
        return MemoryNeed.of(source, contextOf(source, context), kvType);
    }

    public ModelConfig config() {
        return config;
    }

    /** Positions that a sequence may have. */
    public int context() {
        return context;
    }

    /** The memory that this model takes. */
    public MemoryNeed memory() {
        return memory;
    }

    /** Steps and rows so far: how well requests share steps. */
    public BatchStatistics statistics() {
        return batcher.statistics();
    }

    /** How full the KV cache is. */
    public KvUse kvUse() {
        return pool.use();
    }

    /** Blocks that a growing sequence reserves when it reads a prompt: those that it needs at once, and some to grow into. */
    public int kvBlocks(int prompt, int capacity) {
        return KvTable.firstBlocks(prompt + MemoryNeed.DRAFT_ROOM, capacity + MemoryNeed.DRAFT_ROOM);
    }

    /** The file or folder that the model came from. */
    public ModelSource source() {
        return source;
    }

    /** One line for people: device, kernels, threads. */
    public String device() {
        return backend.description();
    }

    /** Threads that compute its steps. */
    public int threads() {
        return threads;
    }

    /** Whether both models may compute at the same time: where the cores are not enough for the threads of both, they take turns. */
    public boolean computesBeside(LanguageModel other) {
        return other != this && TURNS.haveRoomFor(threads, other.threads);
    }

    /** @throws DemoticException if the model's file describes no tokenizer that Demotic knows */
    public synchronized Tokenizer tokenizer() {
        if (tokenizer == null) {
            Tokenizer described = Tokenizers.of(source.metadata());
            if (described.size() > config.vocabulary()) {
                throw new DemoticException(source.path() + " has a tokenizer of " + described.size()
                        + " tokens but embeddings for only " + config.vocabulary() + "; convert the model again");
            }
            tokenizer = described;
        }
        return tokenizer;
    }

    /** @throws DemoticException if the model has no chat template, or one that cannot be parsed */
    public synchronized ChatTemplate chatTemplate() {
        if (chatTemplate == null) {
            chatTemplate = ChatTemplate.parse(source.metadata()
                    .findString("tokenizer.chat_template")
                    .orElseThrow(() -> new DemoticException(
                            source.path() + " has no chat template; use it with raw prompts (--raw)")));
        }
        return chatTemplate;
    }

    public boolean hasChatTemplate() {
        return source.metadata().has("tokenizer.chat_template");
    }

    /**
     * Opens an empty sequence that may grow to the full context.
     *
     * @throws DemoticException if the KV cache has no room for it beside those that are open
     */
    public Sequence newSequence() {
        return newSequence(context);
    }

    /**
     * Opens an empty sequence that may grow to {@code capacity} positions, and reserves the memory for it.
     *
     * @throws DemoticException if the KV cache has no room for it, or the model's context is shorter
     */
    public Sequence newSequence(int capacity) {
        check(capacity);
        return new Sequence(config, batcher, KvTable.reserved(pool, capacity + MemoryNeed.DRAFT_ROOM), capacity);
    }

    /**
     * Opens an empty sequence that takes memory as it grows, and waits where there is none: the eldest goes first, and one that waits
     * holds nothing. So many may be open at once that could not all grow to their full length.
     *
     * @throws DemoticException if the model's context is shorter
     */
    public Sequence newGrowingSequence(int capacity) {
        check(capacity);
        return new Sequence(config, batcher, KvTable.growing(pool, capacity + MemoryNeed.DRAFT_ROOM), capacity);
    }

    private void check(int capacity) {
        if (capacity > context) {
            throw new DemoticException(
                    "a sequence of %,d tokens is longer than the context of %,d; shorten it, or open the model with a longer context"
                            .formatted(capacity, context));
        }
    }

    /** Ends the engine and unmaps the weights; sequences that are still open become unusable. */
    @Override
    public void close() {
        batcher.close();
        pool.close();
        backend.close();
        source.close();
    }
}
