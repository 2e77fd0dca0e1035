package dev.demotic.decoding.sample;

/** Finds the k-th highest of many logits, in linear time on average. */
final class TopK {
    /** Runs of values for each of the k that are wanted. */
    private static final int RUNS = 4;

    private TopK() {}

    /**
     * The k-th highest value.
     *
     * @param spare working memory of at least as many elements
     */
    static float limit(float[] values, int k, double[] spare) {
        // So many runs have a highest value each, k of which reach the k-th highest of these, and hardly any other
        // value does.
        int run = Math.max(1, values.length / (RUNS * k));
        int runs = 0;
        for (int from = 0; from < values.length; from += run) {
            spare[runs++] = highest(values, from, Math.min(from + run, values.length));
        }
        double floor = select(spare, runs, k);
        int count = 0;
        for (float value : values) {
            if (value >= floor) {
                spare[count++] = value;
            }
        }
        return (float) select(spare, count, k);
    }

    private static float highest(float[] values, int from, int end) {
        float highest = values[from];
        for (int i = from + 1; i < end; i++) {
            if (values[i] > highest) {
                highest = values[i];
            }
        }
        return highest;
    }

    /** The k-th highest of the first {@code count}, whose order changes, by quickselect. */
    private static double select(double[] spare, int count, int k) {
        int from = 0;
        int to = count - 1;
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
        return spare[wanted];
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
