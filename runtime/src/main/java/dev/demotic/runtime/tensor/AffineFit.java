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
        int count = SuperBlockCodec.SIZE / size;
        Group[] groups = new Group[count];
        Line[] lines = new Line[count];
        float largestScale = 0;
        float largestMin = 0;
        for (int i = 0; i < count; i++) {
            groups[i] = Group.of(values, from + i * size, size, maxLevel);
            lines[i] = groups[i].bestLine();
            largestScale = Math.max(largestScale, lines[i].scale);
            largestMin = Math.max(largestMin, lines[i].min);
        }
        float d = roundedToHalf(largestScale / maxScale);
        float dmin = roundedToHalf(largestMin / maxScale);
        AffineFit fit = new AffineFit(d, dmin, new int[count], new int[count], new byte[SuperBlockCodec.SIZE]);
        for (int i = 0; i < count; i++) {
            fit.round(i, groups[i], lines[i], maxScale);
        }
        return fit;
    }

    /** Brings a group's line to integers: of the nearest scale and minimum and their neighbours, those of least error. */
    private void round(int index, Group group, Line line, int maxScale) {
        int nearestScale = d == 0 ? 0 : nearest(line.scale / d);
        int nearestMin = dmin == 0 ? 0 : nearest(line.min / dmin);
        Line best = new Line(0, 0);
        float bestError = Float.POSITIVE_INFINITY;
        for (int scale = Math.max(0, nearestScale - 1); scale <= Math.min(maxScale, nearestScale + 1); scale++) {
            for (int min = Math.max(0, nearestMin - 1); min <= Math.min(maxScale, nearestMin + 1); min++) {
                Line rounded = new Line(d * scale, dmin * min);
                float error = group.error(rounded);
                if (error < bestError) {
                    best = rounded;
                    bestError = error;
                    scales[index] = scale;
                    mins[index] = min;
                }
            }
        }
        group.putLevels(best, levels, index * group.weights.length);
    }

    private static float roundedToHalf(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }

    private static int nearest(float value) {
        return (int) Math.rint(value);
    }

    /** x ≈ scale·level − min, both not negative. */
    private record Line(float scale, float min) {}

    /** The values from index {@code from} on, one for each weight; the larger a value, the more its error counts. */
    private record Group(float[] values, int from, float[] weights, int maxLevel) {
        static Group of(float[] values, int from, int size, int maxLevel) {
            float squares = 0;
            for (int i = 0; i < size; i++) {
                squares += values[from + i] * values[from + i];
            }
            float rms = (float) Math.sqrt(squares / size);
            float[] weights = new float[size];
            for (int i = 0; i < size; i++) {
                weights[i] = rms + Math.abs(values[from + i]);
            }
            return new Group(values, from, weights, maxLevel);
        }

        /**
         * The line of least weighted squared error. Levels are laid at a range of spacings around the one that spans all
         * values; each set of levels then has its least-squares line.
         */
        Line bestLine() {
            float low = 0;
            float high = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < weights.length; i++) {
                low = Math.min(low, values[from + i]);
                high = Math.max(high, values[from + i]);
            }
            Line best = new Line(0, -low);
            float bestError = error(best);
            if (high > low) {
                for (int step = -5; step <= 5; step++) {
                    Line line = leastSquares(low, (maxLevel + 0.2f * step) / (high - low));
                    float error = error(line);
                    if (error < bestError) {
                        best = line;
                        bestError = error;
                    }
                }
            }
            return best;
        }

        private Line leastSquares(float low, float levelsPerUnit) {
            float sumW = 0;
            float sumX = 0;
            float sumL = 0;
            float sumLL = 0;
            float sumXL = 0;
            for (int i = 0; i < weights.length; i++) {
                float value = values[from + i];
                float weight = weights[i];
                int level = level((value - low) * levelsPerUnit);
                sumW += weight;
                sumX += weight * value;
                sumL += weight * level;
                sumLL += weight * level * level;
                sumXL += weight * level * value;
            }
            float determinant = sumW * sumLL - sumL * sumL;
            float min = (sumL * sumXL - sumLL * sumX) / determinant;
            return min >= 0 ? new Line((sumW * sumXL - sumX * sumL) / determinant, min) : new Line(sumXL / sumLL, 0);
        }

        float error(Line line) {
            float inverse = line.scale == 0 ? 0 : 1 / line.scale;
            float error = 0;
            for (int i = 0; i < weights.length; i++) {
                float value = values[from + i];
                float difference = line.scale * level((value + line.min) * inverse) - line.min - value;
                error += weights[i] * difference * difference;
            }
            return error;
        }

        void putLevels(Line line, byte[] levels, int at) {
            float inverse = line.scale == 0 ? 0 : 1 / line.scale;
            for (int i = 0; i < weights.length; i++) {
                levels[at + i] = (byte) level((values[from + i] + line.min) * inverse);
            }
        }

        private int level(float position) {
            return Math.clamp(nearest(position), 0, maxLevel);
        }
    }
}
