package dev.demotic.runtime.tensor;

/**
 * A super-block of 256 values as x ≈ d·scale·level − dmin·min, with an integer scale and minimum for each group.
 *
 * @param d rounded to half precision
 * @param dmin rounded to half precision
 * @param scales one for each group
 * @param mins one for each group
 * @param levels one for each value
 */
record AffineFit(float d, float dmin, int[] scales, int[] mins, byte[] levels) {
    /**
     * Fits a super-block.
     *
     * @param size values in a group
     * @param maxLevel levels go from 0 to here
     * @param maxScale scales and minima go from 0 to here
     */
    static AffineFit of(float[] values, int from, int size, int maxLevel, int maxScale) {
        int groups = SuperBlockCodec.SIZE / size;
        Line[] lines = new Line[groups];
        float largestScale = 0;
        float largestMin = 0;
        for (int group = 0; group < groups; group++) {
            lines[group] = Line.through(values, from + group * size, size, maxLevel);
            largestScale = Math.max(largestScale, lines[group].scale);
            largestMin = Math.max(largestMin, lines[group].min);
        }
        float d = Float.float16ToFloat(Float.floatToFloat16(largestScale / maxScale));
        float dmin = Float.float16ToFloat(Float.floatToFloat16(largestMin / maxScale));
        int[] scales = new int[groups];
        int[] mins = new int[groups];
        byte[] levels = new byte[SuperBlockCodec.SIZE];
        for (int group = 0; group < groups; group++) {
            scales[group] = d == 0 ? 0 : Math.min(maxScale, nearest(lines[group].scale / d));
            mins[group] = dmin == 0 ? 0 : Math.min(maxScale, nearest(lines[group].min / dmin));
            float scale = d * scales[group];
            float min = dmin * mins[group];
            for (int i = group * size; i < (group + 1) * size; i++) {
                levels[i] =
                        (byte) (scale == 0 ? 0 : Math.clamp(nearest((values[from + i] + min) / scale), 0, maxLevel));
            }
        }
        return new AffineFit(d, dmin, scales, mins, levels);
    }

    private static int nearest(float value) {
        return (int) Math.rint(value);
    }

    /** x ≈ scale·level − min, both not negative. */
    private record Line(float scale, float min) {
        /**
         * The line of least squared error, larger values weighing more. Levels are laid at a range of spacings around the
         * one that spans all values; each set of levels then has its least-squares line.
         */
        static Line through(float[] values, int from, int size, int maxLevel) {
            float[] weights = weights(values, from, size);
            float low = 0;
            float high = values[from];
            float sumW = 0;
            float sumX = 0;
            for (int i = 0; i < size; i++) {
                float value = values[from + i];
                low = Math.min(low, value);
                high = Math.max(high, value);
                sumW += weights[i];
                sumX += weights[i] * value;
            }
            if (high <= low) {
                return new Line(0, -low);
            }
            Line best = new Line((high - low) / maxLevel, -low);
            float bestError = Float.MAX_VALUE;
            int[] levels = new int[size];
            for (int step = -10; step <= 10; step++) {
                float inverse = (maxLevel + 0.1f * step) / (high - low);
                float sumL = 0;
                float sumLL = 0;
                float sumXL = 0;
                for (int i = 0; i < size; i++) {
                    float value = values[from + i];
                    int level = Math.clamp(nearest(inverse * (value - low)), 0, maxLevel);
                    levels[i] = level;
                    sumL += weights[i] * level;
                    sumLL += weights[i] * level * level;
                    sumXL += weights[i] * level * value;
                }
                Line line = leastSquares(sumW, sumX, sumL, sumLL, sumXL);
                float error = line.error(values, from, weights, levels);
                if (error < bestError) {
                    best = line;
                    bestError = error;
                }
            }
            return best;
        }

        private static float[] weights(float[] values, int from, int size) {
            float sumXX = 0;
            for (int i = 0; i < size; i++) {
                sumXX += values[from + i] * values[from + i];
            }
            float rms = (float) Math.sqrt(sumXX / size);
            float[] weights = new float[size];
            for (int i = 0; i < size; i++) {
                weights[i] = rms + Math.abs(values[from + i]);
            }
            return weights;
        }

        private static Line leastSquares(float sumW, float sumX, float sumL, float sumLL, float sumXL) {
            float determinant = sumW * sumLL - sumL * sumL;
            float min = (sumL * sumXL - sumLL * sumX) / determinant;
            return min >= 0 ? new Line((sumW * sumXL - sumX * sumL) / determinant, min) : new Line(sumXL / sumLL, 0);
        }

        private float error(float[] values, int from, float[] weights, int[] levels) {
            float error = 0;
            for (int i = 0; i < levels.length; i++) {
                float difference = scale * levels[i] - min - values[from + i];
                error += weights[i] * difference * difference;
            }
            return error;
        }
    }
}
