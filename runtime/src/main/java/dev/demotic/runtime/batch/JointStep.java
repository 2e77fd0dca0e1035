package dev.demotic.runtime.batch;

import dev.demotic.runtime.StepTiming;
import dev.demotic.runtime.backend.Buffer;
import dev.demotic.runtime.backend.KvStore;
import dev.demotic.runtime.backend.Step;
import dev.demotic.runtime.model.Decoder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The passes that go through the model together: which of those that wait, and where their rows lie. Used by one thread at a time. */
final class JointStep {
    private final Decoder decoder;
    private final KvStore store;
    private final Step step;
    /**
     * Passes of up to so many rows go before longer ones. Those have as many rows of every step, and no more while others decode, who
     * would all wait for the rest: so many rows multiply about as fast as a thousand.
     */
    private final int shortRows;

    private final Decoder.LayerListener capture = this::capture;
    private final List<Request> requests = new ArrayList<>();
    private final int[] starts;
    private final int[] logitRows;
    /** By row of logits: which request of the step it is for. */
    private final int[] logitOwners;

    private final int[] logitNodes;
    private final MemorySegment[] logitTargets;
    private int decodingRows;
    private int decodingSequences;

    JointStep(Decoder decoder, KvStore store, Step step) {
        this.decoder = decoder;
        this.store = store;
        this.step = step;
        shortRows = step.capacity() / 8;
        starts = new int[step.capacity() + 1];
        logitRows = new int[step.capacity()];
        logitNodes = new int[step.capacity()];
        logitTargets = new MemorySegment[decoder.maxLogits()];
        logitOwners = new int[step.capacity()];
    }

    /** Takes part of what waits: short passes first, then prompt chunks, for which there is always some room. */
    void plan(Deque<Request> queue) {
        step.clear();
        requests.clear();
        decodingRows = 0;
        decodingSequences = 0;
        if (queue.isEmpty()) {
            return; // who waited was interrupted
        }
        BitSet layers = queue.getFirst().pass.layers();
        addAll(queue, true, layers, step.capacity() - shortRows);
        addAll(queue, false, layers, Math.min(step.capacity(), step.rows + promptRows(queue)));
        addAll(queue, true, layers, step.capacity());
        starts[requests.size()] = step.rows;
    }

    /** Rows that prompts may have: all, unless sequences decode; more than a chunk where more wait than decode. */
    private int promptRows(Deque<Request> waiting) {
        return decodingSequences == 0 ? step.capacity() : shortRows * Math.max(1, waiting.size() / decodingSequences);
    }

    private void addAll(Deque<Request> queue, boolean wantsShort, @Nullable BitSet layers, int end) {
        for (Iterator<Request> waiting = queue.iterator(); waiting.hasNext() && step.rows < end; ) {
            Request request = waiting.next();
            if (isShort(request) == wantsShort && request.runs(layers)) {
                add(request, wantsShort ? step.capacity() : end);
                waiting.remove();
            }
        }
    }

    private boolean isShort(Request request) {
        return request.pass.rows() <= shortRows;
    }

    private void add(Request request, int end) {
        starts[requests.size()] = step.rows;
        requests.add(request);
        request.isRunning = true;
        int rows = Math.min(request.remaining(), end - step.rows);
        if (isShort(request)) {
            decodingRows += rows;
            decodingSequences++;
        }
        request.addRows(step, rows);
    }

    /** The passes of this step. */
    List<Request> requests() {
        return requests;
    }

    int rows() {
        return step.rows;
    }

    /** Rows that a pass has in this step. */
    int rows(int request) {
        return starts[request + 1] - starts[request];
    }

    StepTiming timing(long began, long nanos) {
        return new StepTiming(nanos, step.rows, decodingRows, decodingSequences, began);
    }

    /** Runs the rows through the model; logits and captures go to the requests' outputs. */
    void compute() {
        if (requests.isEmpty()) {
            return;
        }
        Buffer hidden = decoder.embed(step);
        for (int i = 0; i < requests.size(); i++) {
            inject(requests.get(i), starts[i], starts[i + 1], hidden);
        }
        decoder.run(step, store, requests.getFirst().pass.layers(), capture);
        int wanted = 0;
        for (int i = 0; i < requests.size(); i++) {
            Request request = requests.get(i);
            for (int row = starts[i]; row < starts[i + 1]; row++) {
                int node = request.next + row - starts[i];
                if (request.outputs.wantsLogits(node)) {
                    logitRows[wanted] = row;
                    logitNodes[wanted] = node;
                    logitOwners[wanted++] = i;
                }
            }
        }
        for (int done = 0; done < wanted; done += decoder.maxLogits()) {
            int count = Math.min(decoder.maxLogits(), wanted - done);
            System.arraycopy(logitRows, done, logitRows, 0, count);
            for (int i = 0; i < count; i++) {
                Request request = requests.get(logitOwners[done + i]);
                logitTargets[i] = request.outputs.logits(logitNodes[done + i]);
            }
            decoder.logits(logitRows, count, logitTargets);
        }
    }

    /** Puts embedding rows and resumed hidden states where the tokens' embeddings were. */
    private static void inject(Request request, int from, int end, Buffer hidden) {
        MemorySegment states = request.pass.hidden();
        for (int row = from; row < end; row++) {
            int node = request.next + row - from;
            MemorySegment embedding = request.pass.tree().embedding(node);
            if (states != null) {
                long at = (node - request.pass.first()) * hidden.rowBytes();
                MemorySegment.copy(states, at, hidden.memory(), row * hidden.stride(), hidden.rowBytes());
            } else if (embedding != null) {
                MemorySegment.copy(embedding, 0, hidden.memory(), row * hidden.stride(), hidden.rowBytes());
            }
        }
    }

    private void capture(int layer, Buffer hidden) {
        for (int i = 0; i < requests.size(); i++) {
            Request request = requests.get(i);
            if (request.outputs.captures(layer)) {
                MemorySegment target = request.outputs.hidden(layer);
                long at = (request.next - request.pass.first()) * hidden.rowBytes();
                for (int row = starts[i]; row < starts[i + 1]; row++, at += hidden.rowBytes()) {
                    MemorySegment.copy(hidden.memory(), row * hidden.stride(), target, at, hidden.rowBytes());
                }
            }
        }
    }
}
