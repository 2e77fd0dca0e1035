package dev.demotic.decoding.speculate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.TokenTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A draft model with another vocabulary as a predictor of the target's tokens: those that it lacks are impossible.
 *
 * <p>What is left, renormalised by the sampler, is a distribution over the target's tokens, so that every shape and every rule can
 * work with it.
 */
final class IntersectionPredictor implements Predictor {
    private final ModelPredictor model;
    private final ForeignText text;
    private final TokenMap map;
    /** In the target's tokens; numbered as the draft model's own. */
    private final TokenTree candidates = new TokenTree();

    private final MemorySegment row;

    IntersectionPredictor(ModelPredictor model, ForeignText text, TokenMap map, int vocabulary) {
        this.model = model;
        this.text = text;
        this.map = map;
        row = Arena.ofAuto().allocate(4L * vocabulary, 64);
    }

    @Override
    public boolean catchUp(TokenHistory history) {
        candidates.clear();
        return text.catchUp(history) && model.catchUp(text.tokens());
    }

    @Override
    public TokenTree candidates() {
        return candidates;
    }

    @Override
    public boolean evaluate() {
        for (int node = model.candidates().size(); node < candidates.size(); node++) {
            int token = map.toDraft(candidates.token(node));
            if (token == TokenMap.NONE) {
                return false;
            }
            model.candidates().add(token, candidates.parent(node));
        }
        return model.evaluate();
    }

    @Override
    public MemorySegment after(int node) {
        MemorySegment own = model.after(node);
        for (int token = 0; token < row.byteSize() / Float.BYTES; token++) {
            int same = map.toDraft(token);
            float logit = same == TokenMap.NONE ? Float.NEGATIVE_INFINITY : own.getAtIndex(JAVA_FLOAT, same);
            row.setAtIndex(JAVA_FLOAT, token, logit);
        }
        return row;
    }

    @Override
    public long passes() {
        return model.passes();
    }

    @Override
    public void close() {
        model.close();
    }
}
