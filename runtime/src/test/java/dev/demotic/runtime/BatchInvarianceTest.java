package dev.demotic.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.demotic.runtime.cache.KvType;
import dev.demotic.runtime.tensor.TensorType;
import dev.demotic.runtime.testing.TinyModel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 1: a row's bits depend on its own context alone, whatever tree it lies in and whoever runs beside it. */
class BatchInvarianceTest {
    private static final int REQUESTS = 12;

    static Stream<Arguments> kernelsAndTypes() {
        return LanguageModel.kernelSets().stream()
                .flatMap(kernels ->
                        Arrays.stream(TensorType.values()).map(type -> Arguments.of(kernels, type, KvType.F16)));
    }

    static Stream<Arguments> kernelsAndKvTypes() {
        return LanguageModel.kernelSets().stream()
                .flatMap(kernels ->
                        Arrays.stream(KvType.values()).map(type -> Arguments.of(kernels, TensorType.Q8_0, type)));
    }

    /** A prompt, then two rounds of a draft tree of which one path is accepted. */
    private record Scenario(int[] prompt, List<TokenTree> trees, int[] accepted) {
        static Scenario random(Random random) {
            int[] prompt =
                    random.ints(1 + random.nextInt(50), 0, TinyModel.VOCABULARY).toArray();
            List<TokenTree> trees = new ArrayList<>();
            int[] accepted = new int[2];
            for (int round = 0; round < accepted.length; round++) {
                TokenTree tree = new TokenTree();
                int nodes = 1 + random.nextInt(12);
                for (int node = 0; node < nodes; node++) {
                    int parent = random.nextInt(4) == 0 ? TokenTree.ROOT : random.nextInt(-1, node);
                    tree.add(random.nextInt(TinyModel.VOCABULARY), parent);
                }
                trees.add(tree);
                accepted[round] = random.nextInt(nodes);
            }
            return new Scenario(prompt, trees, accepted);
        }

        /**
         * The logits of every node, evaluated tree by tree.
         *
         * @param others who all come to each of their passes at the same time, and so share steps
         */
        List<int[]> together(LanguageModel model, CyclicBarrier others) throws Exception {
            List<int[]> rows = new ArrayList<>();
            try (Sequence sequence = model.newSequence()) {
                meet(sequence, others);
                Outputs outputs = sequence.forward(Pass.of(TokenTree.chain(prompt)));
                for (int i = 0; i < prompt.length; i++) {
                    rows.add(bits(outputs.logits(i)));
                }
                sequence.acceptPathTo(prompt.length - 1);
                for (int round = 0; round < trees.size(); round++) {
                    TokenTree tree = trees.get(round);
                    meet(sequence, others);
                    outputs = sequence.forward(Pass.of(tree));
                    for (int node = 0; node < tree.size(); node++) {
                        rows.add(bits(outputs.logits(node)));
                    }
                    sequence.acceptPathTo(accepted[round]);
                }
            }
            return rows;
        }

        /** Those that rest are expected back together: a step waits for company, however fast the threads' own passes would be. */
        private static void meet(Sequence sequence, CyclicBarrier others) throws Exception {
            sequence.rest();
            others.await();
        }

        /** The same, every node by itself: a single row a pass, its context rebuilt token by token. */
        List<int[]> alone(LanguageModel model) {
            List<int[]> rows = new ArrayList<>();
            try (Sequence sequence = model.newSequence()) {
                for (int token : prompt) {
                    Outputs outputs = sequence.append(token);
                    rows.add(bits(outputs.logits(outputs.last())));
                }
                for (int round = 0; round < trees.size(); round++) {
                    TokenTree tree = trees.get(round);
                    int[][] nodes = new int[tree.size()][];
                    below(TokenTree.ROOT, sequence, tree, nodes);
                    rows.addAll(Arrays.asList(nodes));
                    for (int node : tree.path(accepted[round])) {
                        sequence.append(tree.token(node));
                    }
                }
            }
            return rows;
        }

        /** The rows of all nodes below one that the sequence ends with. */
        private static void below(int parent, Sequence sequence, TokenTree tree, int[][] rows) {
            int length = sequence.length();
            for (int node = parent + 1; node < tree.size(); node++) {
                if (tree.parent(node) == parent) {
                    Outputs outputs = sequence.append(tree.token(node));
                    rows[node] = bits(outputs.logits(outputs.last()));
                    below(node, sequence, tree, rows);
                    sequence.truncate(length);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource({"kernelsAndTypes", "kernelsAndKvTypes"})
    void bitsDoNotDependOnCompany(String kernels, TensorType type, KvType kvType) throws Exception {
        Random random = new Random(type.id());
        List<Scenario> scenarios =
                Stream.generate(() -> Scenario.random(random)).limit(REQUESTS).toList();
        ModelOptions options = ModelOptions.defaults()
                .withKernels(kernels)
                .withThreads(2)
                .withSequences(REQUESTS)
                .withKvType(kvType);
        try (LanguageModel model = LanguageModel.open(new TinyModel(type, 2, 3), options);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            long stepsBefore = model.statistics().steps();
            CyclicBarrier others = new CyclicBarrier(REQUESTS);
            List<Callable<List<int[]>>> tasks = scenarios.stream()
                    .map(scenario -> (Callable<List<int[]>>) () -> scenario.together(model, others))
                    .toList();
            List<Future<List<int[]>>> together = threads.invokeAll(tasks);
            assertThat(model.statistics().steps() - stepsBefore)
                    .as("steps, fewer than passes if passes shared them")
                    .isLessThan(REQUESTS * 3L);
            for (int i = 0; i < REQUESTS; i++) {
                assertThat(together.get(i).get())
                        .usingElementComparator(Arrays::compare)
                        .isEqualTo(scenarios.get(i).alone(model));
            }
        }
    }

    private static int[] bits(MemorySegment row) {
        return row.toArray(ValueLayout.JAVA_INT);
    }
}
