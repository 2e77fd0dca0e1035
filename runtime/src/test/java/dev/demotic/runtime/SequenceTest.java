package dev.demotic.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The waist: what a decoding method may do with a sequence. */
class SequenceTest {
    private static final int[] PROMPT = {5, 17, 3, 88, 41, 60, 7, 7, 22, 90, 14, 2, 33, 71, 8, 19, 25, 50};

    private static LanguageModel model;

    @BeforeAll
    static void open() {
        model = LanguageModel.open(
                new TinyModel(TensorType.F32, 2, 3, 4),
                ModelOptions.defaults().withThreads(2).withSequences(4));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static int[] bits(MemorySegment row) {
        return row.toArray(ValueLayout.JAVA_INT);
    }

    private static int[] last(Outputs outputs) {
        return bits(outputs.logits(outputs.last()));
    }

    /** The logits after these tokens in a sequence of their own. */
    private static int[] expected(int... tokens) {
        try (Sequence sequence = model.newSequence()) {
            return last(sequence.append(tokens));
        }
    }

    private static int[] promptAnd(int... more) {
        int[] all = java.util.Arrays.copyOf(PROMPT, PROMPT.length + more.length);
        System.arraycopy(more, 0, all, PROMPT.length, more.length);
        return all;
    }

    @Test
    void acceptKeepsOnePathAndForgetsTheRest() {
        try (Sequence sequence = model.newSequence()) {
            sequence.append(PROMPT);
            TokenTree tree = new TokenTree();
            int a = tree.add(1, TokenTree.ROOT);
            tree.add(2, TokenTree.ROOT);
            int c = tree.add(3, a);
            tree.add(4, a);
            int e = tree.add(5, c);
            Outputs outputs = sequence.forward(Pass.of(tree));
            assertThat(bits(outputs.logits(e))).isEqualTo(expected(promptAnd(1, 3, 5)));

            sequence.accept(a, c, e);
            assertThat(sequence.length()).isEqualTo(PROMPT.length + 3);
            assertThat(last(sequence.append(9))).isEqualTo(expected(promptAnd(1, 3, 5, 9)));
        }
    }

    @Test
    void passesCommitNothing() {
        try (Sequence sequence = model.newSequence()) {
            sequence.append(PROMPT);
            sequence.forward(1, 2, 3);
            assertThat(sequence.length()).isEqualTo(PROMPT.length);
            assertThat(last(sequence.forward(4))).isEqualTo(expected(promptAnd(4)));
            sequence.accept();
            assertThat(last(sequence.forward(6))).isEqualTo(expected(promptAnd(6)));
        }
    }

    @Test
    void treesGrowFromPassToPass() {
        try (Sequence sequence = model.newSequence()) {
            sequence.append(PROMPT);
            TokenTree tree = new TokenTree();
            int a = tree.add(1, TokenTree.ROOT);
            int b = tree.add(2, TokenTree.ROOT);
            sequence.forward(Pass.of(tree));
            int c = tree.add(3, b);
            int d = tree.add(4, a);
            Outputs outputs = sequence.forward(Pass.of(tree).from(c));
            assertThat(bits(outputs.logits(c))).isEqualTo(expected(promptAnd(2, 3)));
            assertThat(bits(outputs.logits(d))).isEqualTo(expected(promptAnd(1, 4)));
            sequence.accept(b, c);
            assertThat(last(sequence.append(8))).isEqualTo(expected(promptAnd(2, 3, 8)));
        }
    }

    @Test
    void forksShareThenDiverge() {
        try (Sequence sequence = model.newSequence()) {
            sequence.append(PROMPT);
            try (Sequence fork = sequence.fork()) {
                assertThat(last(fork.append(1, 2))).isEqualTo(expected(promptAnd(1, 2)));
                assertThat(last(sequence.append(3))).isEqualTo(expected(promptAnd(3)));
                try (Sequence second = fork.fork()) {
                    fork.truncate(4);
                    assertThat(last(fork.append(9))).isEqualTo(expected(5, 17, 3, 88, 9));
                    assertThat(last(second.append(4))).isEqualTo(expected(promptAnd(1, 2, 4)));
                }
            }
            assertThat(last(sequence.append(5))).isEqualTo(expected(promptAnd(3, 5)));
        }
    }

    @Test
    void truncatedPositionsCanBeWrittenAgain() {
        try (Sequence sequence = model.newSequence()) {
            sequence.append(PROMPT);
            for (int length : new int[] {17, 16, 15, 1, 0}) {
                sequence.truncate(length);
                int[] rest = java.util.Arrays.copyOfRange(PROMPT, length, PROMPT.length);
                assertThat(last(sequence.append(rest))).isEqualTo(expected(PROMPT));
            }
        }
    }

    @Test
    void aPassThatResumesFromCapturedStatesGivesTheSameBits() {
        try (Sequence sequence = model.newSequence();
                Arena arena = Arena.ofShared()) {
            sequence.append(PROMPT);
            TokenTree tree = TokenTree.chain(1, 2);
            tree.add(3, 0);
            Pass shallow = Pass.of(tree).withLayers(0, 1).capturing(0).withLogits(Pass.Logits.NONE);
            MemorySegment captured = sequence.forward(shallow).hidden(0);
            MemorySegment states = arena.allocate(captured.byteSize(), 64).copyFrom(captured);
            Outputs outputs = sequence.forward(Pass.of(tree).withLayers(1, 3).resumingFrom(states));
            assertThat(bits(outputs.logits(1))).isEqualTo(expected(promptAnd(1, 2)));
            assertThat(bits(outputs.logits(2))).isEqualTo(expected(promptAnd(1, 3)));
            sequence.accept(0, 2);
            assertThat(last(sequence.append(4))).isEqualTo(expected(promptAnd(1, 3, 4)));
        }
    }

    @Test
    void aLayerSubsetIsTheModelOfTheseLayers() {
        BitSet subset = new BitSet();
        subset.set(0);
        subset.set(2);
        try (LanguageModel skipped = LanguageModel.open(new TinyModel(TensorType.F32, 2, 4), ModelOptions.defaults());
                Sequence of = skipped.newSequence();
                Sequence sequence = model.newSequence()) {
            assertThat(last(sequence.forward(Pass.of(PROMPT).withLayers(subset))))
                    .isEqualTo(last(of.forward(PROMPT)));
        }
    }

    @Test
    void capturesHoldTheStatesAfterEachLayer() {
        try (LanguageModel shallow = LanguageModel.open(new TinyModel(TensorType.F32, 2), ModelOptions.defaults());
                Sequence of = shallow.newSequence();
                Sequence sequence = model.newSequence()) {
            Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(PROMPT)).capturing(0, 2));
            Outputs reference = of.forward(Pass.of(TokenTree.chain(PROMPT)).capturing(0));
            assertThat(bits(outputs.hidden(0, 7))).isEqualTo(bits(reference.hidden(0, 7)));
            assertThat(bits(outputs.hidden(2, 7))).isNotEqualTo(bits(reference.hidden(0, 7)));
            assertThatThrownBy(() -> outputs.hidden(1, 7)).hasMessageContaining("did not capture layer 1");
        }
    }

    @Test
    void anEmbeddingRowStandsForItsToken() {
        MemorySegment table = Objects.requireNonNull(model.source().tensors().get("token_embd.weight"))
                .data();
        try (Sequence sequence = model.newSequence()) {
            TokenTree tree = new TokenTree();
            int a = tree.addEmbedding(table.asSlice(5 * 4L * TinyModel.WIDTH, 4L * TinyModel.WIDTH), TokenTree.ROOT);
            int b = tree.add(17, a);
            assertThat(bits(sequence.forward(Pass.of(tree)).logits(b))).isEqualTo(expected(5, 17));
        }
    }

    @Test
    void promptsLongerThanAStepRunInChunks() {
        int[] tokens =
                new java.util.Random(3).ints(100, 0, TinyModel.VOCABULARY).toArray();
        try (Sequence sequence = model.newSequence()) {
            Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(tokens)));
            int[] middle = bits(outputs.logits(40));
            assertThat(middle).isEqualTo(expected(java.util.Arrays.copyOf(tokens, 41)));
        }
    }

    @Test
    void misuseIsSaidInOneSentence() {
        try (Sequence sequence = model.newSequence(32)) {
            assertThatThrownBy(() -> sequence.forward(new int[33]))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("longer than the context of 32 tokens");
            assertThatThrownBy(() -> sequence.forward(TinyModel.VOCABULARY)).hasMessageContaining("vocabulary of 96");
            assertThatThrownBy(() -> sequence.forward(-1)).hasMessageContaining("token -1");
            assertThatThrownBy(() -> sequence.forward(new int[0])).hasMessageContaining("at least one node");
            assertThatThrownBy(() -> sequence.forward(Pass.of(1).withLayers(1, 5)))
                    .hasMessageContaining("layers");
            assertThatThrownBy(() -> sequence.forward(Pass.of(1).resumingFrom(MemorySegment.ofArray(new float[3]))))
                    .hasMessageContaining("rows of 256 floats");
            try (Arena own = Arena.ofConfined()) {
                MemorySegment states = own.allocate(4L * TinyModel.WIDTH, 4);
                assertThatThrownBy(() -> sequence.forward(Pass.of(1).resumingFrom(states)))
                        .hasMessageContaining("take a shared arena");
            }
            assertThatThrownBy(() -> sequence.accept(0)).hasMessageContaining("path of evaluated nodes");
            assertThatThrownBy(() -> sequence.truncate(1)).hasMessageContaining("cannot be truncated");
            assertThat(last(sequence.append(PROMPT))).isEqualTo(expected(PROMPT));
        }
        assertThatThrownBy(() -> model.newSequence(TinyModel.CONTEXT + 1)).hasMessageContaining("context of 128");
    }

    @Test
    void sequencesBeyondTheCacheAreRefusedUntilOneCloses() {
        try (Sequence first = model.newSequence();
                Sequence second = model.newSequence();
                Sequence third = model.newSequence()) {
            Sequence fourth = first.fork();
            assertThatThrownBy(second::fork)
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("KV cache has room for 0 more tokens");
            fourth.close();
            third.fork().close();
        }
    }

    @Test
    void anInterruptedPassLeavesTheSequenceAsItWas() throws InterruptedException {
        try (Sequence sequence = model.newSequence()) {
            sequence.append(PROMPT);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread thread = Thread.ofVirtual().start(() -> {
                Thread.currentThread().interrupt();
                try {
                    sequence.forward(1, 2, 3);
                } catch (CancellationException expected) {
                    thrown.set(expected);
                }
            });
            thread.join();
            assertThat(thrown.get()).isInstanceOf(CancellationException.class);
            assertThat(last(sequence.append(4))).isEqualTo(expected(promptAnd(4)));
        }
    }

    @Test
    void weightsThatAreNoNumbersAreFoundOut() {
        TinyModel damaged = new TinyModel(TensorType.F32, 2);
        Objects.requireNonNull(damaged.tensors().get("blk.0.ffn_up.weight"))
                .data()
                .set(ValueLayout.JAVA_FLOAT, 40, Float.NaN);
        try (LanguageModel broken = LanguageModel.open(damaged, ModelOptions.defaults());
                Sequence sequence = broken.newSequence()) {
            assertThatThrownBy(() -> sequence.append(1))
                    .isInstanceOf(DemoticException.class)
                    .hasMessageContaining("weights hold NaN or infinity");
            assertThat(sequence.length()).isZero();
        }
    }

    @Test
    void aModelThatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> LanguageModel.open(
                        new TinyModel(TensorType.F32, 2),
                        ModelOptions.defaults().withMaxMemory(1 << 20)))
                .isInstanceOf(DemoticException.class)
                .hasMessageContaining("and there are 1 MB");
    }

    @Test
    void aClosedModelSaysSo() {
        LanguageModel closing = LanguageModel.open(new TinyModel(TensorType.F32, 2), ModelOptions.defaults());
        Sequence sequence = closing.newSequence();
        closing.close();
        assertThatThrownBy(() -> sequence.append(1)).hasMessageContaining("the model is closed");
    }
}
