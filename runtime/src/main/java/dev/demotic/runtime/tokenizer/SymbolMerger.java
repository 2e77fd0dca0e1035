package dev.demotic.runtime.tokenizer;

import java.util.Arrays;

/**
 * Merges neighbouring symbols of a word, best rank first and leftmost among equals, until no pair merges.
 *
 * <p>Symbols are a linked list and candidates a heap with lazy deletion, so that n symbols take O(n log n) steps.
 */
abstract class SymbolMerger {
    /** What {@link #merge} answers for a pair that does not merge. */
    static final long NEVER = Long.MAX_VALUE;

    private static final int END = -1;

    /** Token of each symbol, or {@link Vocabulary#NONE}; a symbol has the number of its first character. */
    final int[] ids;

    private final int[] next;
    private final int[] previous;
    private final long[] rank;
    private long[] heap;
    private int heapSize;

    /** Takes a word of {@code length} symbols whose tokens the caller then writes to {@link #ids}. */
    SymbolMerger(int length) {
        ids = new int[length];
        next = new int[length];
        previous = new int[length];
        rank = new long[length];
        heap = new long[Math.max(4, length)];
    }

    /**
     * What merging two neighbours gives.
     *
     * @return rank in the upper 32 bits, smaller is earlier; token in the lower; or {@link #NEVER}
     */
    abstract long merge(int left, int right);

    /** The symbol after this one, or the number of symbols at the end. */
    final int after(int symbol) {
        return next[symbol] == END ? ids.length : next[symbol];
    }

    final void run() {
        int n = ids.length;
        for (int i = 0; i < n; i++) {
            previous[i] = i - 1;
            next[i] = i + 1 < n ? i + 1 : END;
        }
        for (int i = 0; i < n; i++) {
            propose(i);
        }
        while (heapSize > 0) {
            long candidate = pop();
            int left = (int) candidate;
            // A pair whose left or right symbol has changed since has another rank, or none, by now.
            if (rank[left] == NEVER || rank[left] >> 32 != candidate >> 32) {
                continue;
            }
            int right = next[left];
            ids[left] = (int) rank[left];
            next[left] = next[right];
            if (next[right] != END) {
                previous[next[right]] = left;
            }
            rank[right] = NEVER;
            propose(left);
            if (previous[left] != END) {
                propose(previous[left]);
            }
        }
    }

    private void propose(int left) {
        rank[left] = next[left] == END ? NEVER : merge(left, next[left]);
        if (rank[left] != NEVER) {
            push(rank[left] >> 32 << 32 | left);
        }
    }

    private void push(long candidate) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heapSize * 2);
        }
        int i = heapSize++;
        while (i > 0 && heap[(i - 1) / 2] > candidate) {
            heap[i] = heap[(i - 1) / 2];
            i = (i - 1) / 2;
        }
        heap[i] = candidate;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int i = 0;
        for (int child = 1; child < heapSize; child = 2 * i + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (last <= heap[child]) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = last;
        return top;
    }
}
