package dev.demotic.decoding.speculate;

import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Drafts from what the target last found likely after each token, the rejected drafts' tokens included.
 *
 * <p>X. Luo et al., "Turning Trash into Treasure: Accelerating Inference of Large Language Models with Token Recycling", 2024, arXiv
 * 2408.08696. A matrix holds, for each token, the eight most likely successors that the target gave when it last read that
 * token; a tree of fixed shape is filled from it breadth first. The matrix lasts from reply to reply. The paper found its tree
 * by search; here the nodes are those with the highest prior, rank r of a matrix row counting 1 / (r + 1)².
 */
public final class TokenRecycling implements Drafter {
    private final Successors successors;
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
        successors = new Successors(vocabulary);
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
            if (best.rank() + 1 < Successors.MOST) {
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
        if (context.sampler().vocabulary() != successors.vocabulary()) {
            throw new DemoticException("token recycling was set up for %,d tokens, but the target has %,d"
                    .formatted(successors.vocabulary(), context.sampler().vocabulary()));
        }
        TopLogits top = new TopLogits(Successors.MOST);
        return new Session() {
            @Override
            public void propose(DraftTree tree) {
                fill(tree);
            }

            @Override
            public void verified(Verification round) {
                for (int node = 0; node < round.tree().size(); node++) {
                    successors.learn(round.tree().token(node), round.outputs().logits(node), top);
                }
            }
        };
    }

    private void fill(DraftTree tree) {
        int[] inTree = new int[places.size() + 1];
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            int parent = inTree[place.parent()];
            Successors.Row row = parent == DraftTree.NONE ? null : successors.of(tree.token(parent));
            inTree[i + 1] = row != null && place.rank() < row.tokens().length
                    ? tree.add(parent, row.tokens()[place.rank()])
                    : DraftTree.NONE;
        }
    }
}
