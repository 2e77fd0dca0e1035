package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.runtime.DemoticException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Drafts from what the target last found likely after each token, the rejected drafts' tokens included.
 *
 * <p>X. Luo et al., "Turning Trash into Treasure: Accelerating Inference of Large Language Models with Token Recycling", 2024, arXiv
 * 2408.08696. A matrix holds, for each token, the eight most likely successors that the target gave when it last read that
 * token; a tree of fixed shape is filled from it breadth first. The matrix lasts from reply to reply. The paper found its tree
 * by search; here the nodes are those with the highest prior, rank r of a matrix row counting 1 / (r + 1)².
 */
public final class TokenRecycling implements Drafter {
    private static final int SUCCESSORS = 8;

    private final AtomicReferenceArray<int[]> successors;
    /** The shape: for each node but the root, its parent and the rank in the row of the parent's token. */
    private final List<Place> places;

    private record Place(int parent, int rank, double prior) {}

    /** The published size, 80 nodes, for a target with this vocabulary. */
    public TokenRecycling(int vocabulary) {
        this(vocabulary, 80);
    }

    /**
     * @param nodes of the tree, without the pending token
     * @throws DemoticException if there are none, or more than a pass may have
     */
    public TokenRecycling(int vocabulary, int nodes) {
        if (nodes < 1) {
            throw new DemoticException("token recycling with a tree of " + nodes + " nodes; take 1 or more");
        }
        TreeShape.requireRoom(nodes + 1L);
        successors = new AtomicReferenceArray<>(vocabulary);
        places = shape(nodes);
    }

    private static List<Place> shape(int nodes) {
        List<Place> shape = new ArrayList<>();
        PriorityQueue<Place> open = new PriorityQueue<>((a, b) -> Double.compare(b.prior(), a.prior()));
        open.add(new Place(DraftTree.ROOT, 0, 1));
        while (shape.size() < nodes) {
            Place best = open.remove();
            shape.add(best);
            int node = shape.size(); // the root is node 0
            open.add(new Place(node, 0, best.prior() * prior(0)));
            if (best.rank() + 1 < SUCCESSORS) {
                int sibling = best.rank() + 1;
                open.add(new Place(best.parent(), sibling, best.prior() / prior(best.rank()) * prior(sibling)));
            }
        }
        return shape;
    }

    private static double prior(int rank) {
        return 0.6 / ((rank + 1) * (rank + 1));
    }

    @Override
    public String name() {
        return "recycling";
    }

    @Override
    public Session begin(Context context) {
        if (context.sampler().vocabulary() != successors.length()) {
            throw new DemoticException("token recycling was set up for %,d tokens, but the target has %,d"
                    .formatted(successors.length(), context.sampler().vocabulary()));
        }
        return new Session() {
            @Override
            public void propose(DraftTree tree) {
                fill(tree);
            }

            @Override
            public void verified(Verification round) {
                for (int node = 0; node < round.tree().size(); node++) {
                    learn(round.tree().token(node), round.outputs().logits(node));
                }
            }
        };
    }

    private void fill(DraftTree tree) {
        int[] inTree = new int[places.size() + 1];
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            int parent = inTree[place.parent()];
            int[] row = parent == DraftTree.NONE ? null : successors.get(tree.token(parent));
            inTree[i + 1] =
                    row != null && place.rank() < row.length ? tree.add(parent, row[place.rank()]) : DraftTree.NONE;
        }
    }

    private void learn(int token, MemorySegment logits) {
        int[] best = new int[Math.min(SUCCESSORS, successors.length())];
        float[] highest = new float[best.length];
        int known = 0;
        for (int next = 0; next < successors.length(); next++) {
            float logit = logits.getAtIndex(JAVA_FLOAT, next);
            if (known == best.length && logit <= highest[known - 1]) {
                continue;
            }
            int at = known < best.length ? known++ : known - 1;
            for (; at > 0 && highest[at - 1] < logit; at--) {
                highest[at] = highest[at - 1];
                best[at] = best[at - 1];
            }
            highest[at] = logit;
            best[at] = next;
        }
        successors.set(token, best);
    }
}
