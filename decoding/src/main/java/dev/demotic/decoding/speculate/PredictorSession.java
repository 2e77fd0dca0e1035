package dev.demotic.decoding.speculate;

import dev.demotic.decoding.speculate.Drafter.Context;

/** Drafts for one reply by a predictor, which it owns, in a shape. */
public record PredictorSession(Predictor predictor, TreeShape shape, Context context) implements Drafter.Session {
    @Override
    public void propose(DraftTree tree) {
        if (predictor.catchUp(context.sampler().history())) {
            shape.grow(tree, predictor, context);
            predictor.rest();
        }
    }

    @Override
    public void verified(Verification round) {
        predictor.verified(round);
    }

    @Override
    public long passes() {
        return predictor.passes();
    }

    @Override
    public void close() {
        predictor.close();
    }
}
