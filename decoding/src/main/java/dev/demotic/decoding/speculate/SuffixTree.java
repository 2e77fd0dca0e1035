package dev.demotic.decoding.speculate;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * How often each sequence of tokens, up to a length, occurs in the texts that it holds; the oldest texts leave when there are too
 * many tokens. Safe for use by many threads.
 */
final class SuffixTree {
    /** The end of one sequence. Below the first level few sequences go on in many ways, so a list of children will do. */
    private static final class Node {
        private final int token;
        private int count;
        private @Nullable Node firstChild;
        private @Nullable Node nextSibling;

        private Node(int token, @Nullable Node nextSibling) {
            this.token = token;
            this.nextSibling = nextSibling;
        }

        private @Nullable Node child(int wanted) {
            Node child = firstChild;
            while (child != null && child.token != wanted) {
                child = child.nextSibling;
            }
            return child;
        }
    }

    /**
     * A token of a continuation.
     *
     * @param parent its place in the continuation; -1 for the first token
     * @param probability of its path, by the counts
     */
    record Step(int token, int parent, double probability) {}

    private record Candidate(Node node, int parent, double probability) {}

    private final int depth;
    private final int maxTokens;
    private final Map<Integer, Node> first = new HashMap<>();
    private final Deque<int[]> texts = new ArrayDeque<>();
    private int tokens;

    /**
     * @param depth tokens of the longest sequence that is counted
     * @param maxTokens of all texts together
     */
    SuffixTree(int depth, int maxTokens) {
        this.depth = depth;
        this.maxTokens = maxTokens;
    }

    /** Tokens of all texts that it holds. */
    synchronized int size() {
        return tokens;
    }

    /** Adds a text; one longer than all that it may hold is left out. */
    synchronized void add(int[] text) {
        if (text.length > maxTokens) {
            return;
        }
        texts.addLast(text);
        tokens += text.length;
        for (int start = 0; start < text.length; start++) {
            insert(text, start);
        }
        while (tokens > maxTokens) {
            int[] oldest = texts.removeFirst();
            tokens -= oldest.length;
            for (int start = 0; start < oldest.length; start++) {
                remove(oldest, start);
            }
        }
    }

    private void insert(int[] text, int start) {
        Node node = first.computeIfAbsent(text[start], token -> new Node(token, null));
        node.count++;
        for (int i = start + 1; i < Math.min(text.length, start + depth); i++) {
            Node child = node.child(text[i]);
            if (child == null) {
                child = new Node(text[i], node.firstChild);
                node.firstChild = child;
            }
            child.count++;
            node = child;
        }
    }

    /** Counts a sequence off; what nothing else counts goes with all that follows it. */
    private void remove(int[] text, int start) {
        Node node = first.get(text[start]);
        if (node != null && --node.count == 0) {
            first.remove(text[start]);
            return;
        }
        for (int i = start + 1; node != null && i < Math.min(text.length, start + depth); i++) {
            Node child = node.child(text[i]);
            if (child != null && --child.count == 0) {
                unlink(node, child);
                return;
            }
            node = child;
        }
    }

    private static void unlink(Node parent, Node child) {
        if (parent.firstChild == child) {
            parent.firstChild = child.nextSibling;
            return;
        }
        Node before = parent.firstChild;
        while (before != null && before.nextSibling != child) {
            before = before.nextSibling;
        }
        if (before != null) {
            before.nextSibling = child.nextSibling;
        }
    }

    /**
     * The likeliest continuations of a sequence, as a tree, likeliest tokens first.
     *
     * @param most tokens of it
     * @param leastProbability of each
     * @return nothing if the sequence does not occur
     */
    synchronized List<Step> continuations(int[] sequence, int most, double leastProbability) {
        Node end = sequence.length == 0 ? null : first.get(sequence[0]);
        for (int i = 1; i < sequence.length && end != null; i++) {
            end = end.child(sequence[i]);
        }
        List<Step> steps = new ArrayList<>();
        PriorityQueue<Candidate> open = new PriorityQueue<>((a, b) -> Double.compare(b.probability(), a.probability()));
        if (end != null) {
            open(end, -1, 1, leastProbability, open);
        }
        while (!open.isEmpty() && steps.size() < most) {
            Candidate best = open.remove();
            steps.add(new Step(best.node().token, best.parent(), best.probability()));
            open(best.node(), steps.size() - 1, best.probability(), leastProbability, open);
        }
        return steps;
    }

    private static void open(
            Node node, int place, double probability, double leastProbability, PriorityQueue<Candidate> open) {
        for (Node child = node.firstChild; child != null; child = child.nextSibling) {
            double path = probability * child.count / node.count;
            if (path >= leastProbability) {
                open.add(new Candidate(child, place, path));
            }
        }
    }
}
