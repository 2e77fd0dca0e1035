package dev.demotic.decoding.sample;

/** Finds the k-th highest of many logits by quickselect, in linear time on average. */
final class TopK {
    private TopK() {}

    /**
     * The k-th highest value.
     *
     * @param spare working memory of at least as many elements
     */
    static float limit(float[] values, int k, double[] spare) {
        for (int i = 0; i < values.length; i++) {
            spare[i] = values[i];
        }
        int from = 0;
        int to = values.length - 1;
        int wanted = k - 1;
        while (from < to) {
            double pivot = spare[(from + to) >>> 1];
            int i = from;
            int j = to;
            while (i <= j) {
                while (spare[i] > pivot) {
                    i++;
                }
                while (spare[j] < pivot) {
                    j--;
                }
                if (i <= j) {
                    double swapped = spare[i];
                    spare[i++] = spare[j];
                    spare[j--] = swapped;
                }
            }
            if (wanted <= j) {
                to = j;
            } else if (wanted >= i) {
                from = i;
            } else {
                break;
            }
        }
        return (float) spare[wanted];
    }

    /** How many values are higher than {@code limit}. */
    static int countAbove(float[] values, float limit) {
        int count = 0;
        for (float value : values) {
            if (value > limit) {
                count++;
            }
        }
        return count;
    }
}
