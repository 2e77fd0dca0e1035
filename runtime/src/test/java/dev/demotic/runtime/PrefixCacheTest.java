package dev.demotic.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.cache.KvShape;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Texts that were read once are not read again, memory that is short is waited for, and neither changes a bit. */
class PrefixCacheTest {
    private static final int[] PROMPT = {
        5, 17, 3, 88, 41, 60, 7, 7, 22, 90, 14, 2, 33, 71, 8, 19, 25, 50, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
        15, 16, 17, 18
    };

    private final AtomicInteger mostWaiting = new AtomicInteger();
    private LanguageModel model;

    @BeforeEach
    void open() {
        model = open(4);
    }

    private static LanguageModel open(int sequences) {
        return LanguageModel.open(
                new TinyModel(TensorType.F32, 2, 3, 4),
                ModelOptions.defaults().withThreads(2).withSequences(sequences));
    }

    @AfterEach
    void allBlocksAreReturned() {
        KvUse use = model.kvUse();
        model.close();
        assertThat(use.used()).isZero();
        assertThat(use.reserved()).isZero();
        assertThat(use.waiting()).isZero();
    }

    private static int[] last(Outputs outputs) {
        return outputs.logits(outputs.last()).toArray(ValueLayout.JAVA_INT);
    }

    /** The logits after a text in a sequence that neither takes from the cache nor leaves anything there. */
    private int[] expected(int[] text) {
        try (Sequence sequence = model.newSequence()) {
            return last(sequence.append(text));
        }
    }

    private static int[] join(int[] text, int... more) {
        int[] all = Arrays.copyOf(text, text.length + more.length);
        System.arraycopy(more, 0, all, text.length, more.length);
        return all;
    }

    private static int[] from(int[] text, int start) {
        return Arrays.copyOfRange(text, start, text.length);
    }

    /** Reads a text with the cache, checks the bits, and returns how much of it was there. */
    private int read(int[] text) {
        int[] expected = expected(text);
        try (Sequence sequence = model.newGrowingSequence(model.context())) {
            int taken = sequence.takeCached(text);
            assertThat(taken).isEqualTo(sequence.length());
            assertThat(last(sequence.append(from(text, taken)))).isEqualTo(expected);
            return taken;
        }
    }

    @Test
    void fullBlocksOfATextAreTakenAgain() {
        assertThat(read(PROMPT)).isZero();
        assertThat(read(PROMPT)).isEqualTo(32);
        assertThat(model.kvUse().cached()).isEqualTo(2);
    }

    @Test
    void atLeastOneTokenIsLeftToEvaluate() {
        int[] twoBlocks = Arrays.copyOf(PROMPT, 32);
        assertThat(read(twoBlocks)).isZero();
        assertThat(read(twoBlocks)).isEqualTo(16);
        assertThat(read(join(twoBlocks, 1))).isEqualTo(32);
    }

    @Test
    void aTextThatDiffersSharesOnlyItsBeginning() {
        read(PROMPT);
        int[] other = PROMPT.clone();
        other[20]++;
        assertThat(read(other)).isEqualTo(16);
        int[] shifted = join(new int[] {1}, PROMPT);
        assertThat(read(shifted)).isZero();
        int[] secondBlockFirst = join(from(PROMPT, 16), 1, 2, 3);
        assertThat(read(secondBlockFirst)).isZero();
    }

    @Test
    void sequencesThatAreOpenShareTheirBlocks() {
        try (Sequence first = model.newGrowingSequence(model.context());
                Sequence second = model.newGrowingSequence(model.context())) {
            first.takeCached(PROMPT);
            first.append(PROMPT);
            int before = model.kvUse().used();
            assertThat(second.takeCached(PROMPT)).isEqualTo(32);
            assertThat(model.kvUse().used()).isEqualTo(before);
            assertThat(last(second.append(from(PROMPT, 32)))).isEqualTo(expected(PROMPT));
        }
    }

    @Test
    void acceptedDraftsAreTakenAgain() {
        try (Sequence sequence = model.newGrowingSequence(model.context())) {
            sequence.remember();
            sequence.append(Arrays.copyOf(PROMPT, 14));
            TokenTree tree = new TokenTree();
            int wrong = tree.add(1, TokenTree.ROOT);
            tree.add(2, wrong);
            int right = tree.add(PROMPT[14], TokenTree.ROOT);
            int last = tree.add(PROMPT[15], right);
            sequence.forward(Pass.of(tree));
            sequence.acceptPathTo(last);
        }
        assertThat(read(PROMPT)).isEqualTo(16);
    }

    @Test
    void whatWasReadByHalfIsNotKept() {
        for (boolean resumed : new boolean[] {false, true}) {
            try (Sequence sequence = model.newGrowingSequence(model.context())) {
                sequence.remember();
                Pass half = Pass.of(PROMPT).withLayers(0, 1);
                Outputs outputs = sequence.forward(half);
                if (resumed) {
                    TokenTree tree = TokenTree.chain(PROMPT);
                    sequence.forward(Pass.of(tree).withLayers(0, 1));
                    tree.add(9, tree.size() - 1);
                    outputs = sequence.forward(Pass.of(tree).from(PROMPT.length));
                }
                sequence.acceptPathTo(outputs.last());
            }
            assertThat(read(PROMPT)).isZero();
            model.close();
            model = open(4);
        }
    }

    @Test
    void writingAgainLeavesTheCacheAsItWas() {
        read(PROMPT);
        try (Sequence sequence = model.newGrowingSequence(model.context())) {
            sequence.takeCached(PROMPT);
            sequence.truncate(20);
            int[] changed = join(Arrays.copyOf(PROMPT, 20), 77, 78, 79);
            assertThat(last(sequence.append(77, 78, 79))).isEqualTo(expected(changed));
            sequence.truncate(5);
            assertThat(last(sequence.append(80))).isEqualTo(expected(join(Arrays.copyOf(PROMPT, 5), 80)));
        }
        assertThat(read(PROMPT)).isEqualTo(32);
    }

    @Test
    void theLongestUnusedGoesFirstAndTheEndBeforeTheBeginning() {
        model.close();
        model = open(1);
        int capacity = model.kvUse().capacity();
        int blocksEach = 4;
        int texts = capacity / blocksEach + 1;
        List<int[]> all = new ArrayList<>();
        for (int i = 0; i < texts; i++) {
            int[] text = new Random(i)
                    .ints(blocksEach * KvShape.BLOCK + 1, 0, TinyModel.VOCABULARY)
                    .toArray();
            all.add(text);
            leave(text);
        }
        assertThat(taken(all.getLast())).isEqualTo(blocksEach * KvShape.BLOCK);
        assertThat(taken(all.getFirst())).isLessThan(blocksEach * KvShape.BLOCK);
    }

    private void leave(int[] text) {
        try (Sequence sequence = model.newGrowingSequence(text.length)) {
            sequence.append(from(text, sequence.takeCached(text)));
        }
    }

    private int taken(int[] text) {
        try (Sequence sequence = model.newGrowingSequence(text.length)) {
            return sequence.takeCached(text);
        }
    }

    @Test
    void whateverHappensTheBitsAreThose() {
        Random random = new Random(7);
        List<int[]> texts = new ArrayList<>(List.of(PROMPT));
        int taken = 0;
        for (int step = 0; step < 150; step++) {
            int[] text = texts.get(random.nextInt(texts.size()));
            text = Arrays.copyOf(text, 1 + random.nextInt(text.length));
            text = join(text, random.ints(random.nextInt(40), 0, 3).toArray());
            if (text.length < 100) {
                texts.add(text);
            }
            taken += read(text);
        }
        assertThat(taken).isPositive();
    }

    @Test
    void moreSequencesThanThereIsRoomForAllComeToTheirEnd() throws Exception {
        model.close();
        model = LanguageModel.open(
                TinyModel.withContext(1024, 2, 3),
                ModelOptions.defaults().withThreads(2).withSequences(2));
        int count = 6;
        int length = model.context();
        List<int[]> alone = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            alone.add(greedy(i, length));
        }
        assertThat(mostWaiting).hasValue(0);
        assertThat(KvShape.blocks(length) * count)
                .isGreaterThan(2 * model.kvUse().capacity());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<int[]>> together = IntStream.range(0, count)
                    .mapToObj(i -> threads.submit(() -> greedy(i, length)))
                    .toList();
            for (int i = 0; i < count; i++) {
                assertThat(together.get(i).get()).isEqualTo(alone.get(i));
            }
        }
        assertThat(mostWaiting).hasPositiveValue();
    }

    /** The most likely text from a first token on, in rounds of which each evaluates some drafts, too. */
    private int[] greedy(int first, int length) {
        try (Sequence sequence = model.newGrowingSequence(length)) {
            sequence.remember();
            int[] text = {first};
            while (text.length < length) {
                TokenTree tree = TokenTree.chain(text[text.length - 1]);
                tree.add(1, 0);
                Outputs outputs = sequence.forward(Pass.of(tree));
                int next = outputs.argmax(0);
                sequence.accept(0);
                text = join(text, next);
                mostWaiting.accumulateAndGet(model.kvUse().waiting(), Math::max);
            }
            return text;
        }
    }

    @Test
    void oneWhoWaitsCanBeInterrupted() throws Exception {
        model.close();
        model = open(1);
        try (Sequence all = model.newSequence()) {
            all.append(PROMPT);
            Thread waiting = Thread.startVirtualThread(() -> {
                try (Sequence sequence = model.newGrowingSequence(model.context())) {
                    assertThatThrownBy(() -> sequence.takeCached(PROMPT)).isInstanceOf(CancellationException.class);
                }
            });
            while (model.kvUse().waiting() == 0) {
                Thread.sleep(1);
            }
            waiting.interrupt();
            waiting.join();
        }
        assertThat(read(PROMPT)).isZero();
    }
}
