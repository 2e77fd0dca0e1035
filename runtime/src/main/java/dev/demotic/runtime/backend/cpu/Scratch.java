package dev.demotic.runtime.backend.cpu;

/** The working memory of one compute thread: arrays that grow to the largest use so far. */
final class Scratch {
    private float[] tile = new float[0];
    private float[] scores = new float[0];
    private float[] query = new float[0];
    private float[] sum = new float[0];

    float[] tile(int length) {
        tile = atLeast(length, tile);
        return tile;
    }

    float[] scores(int length) {
        scores = atLeast(length, scores);
        return scores;
    }

    float[] query(int length) {
        query = atLeast(length, query);
        return query;
    }

    float[] sum(int length) {
        sum = atLeast(length, sum);
        return sum;
    }

    private static float[] atLeast(int length, float[] array) {
        return array.length >= length ? array : new float[Math.max(length, 2 * array.length)];
    }
}
