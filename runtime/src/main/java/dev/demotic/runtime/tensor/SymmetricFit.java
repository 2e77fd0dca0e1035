package dev.demotic.runtime.tensor;

/**
 * A super-block of 256 values as x ≈ d·scale·(level − levels/2), with one integer scale for each 16.
 *
 * @param d rounded to half precision
 * @param scales one for each group
 * @param levels one for each value, from 0
 */
record SymmetricFit(float d, int[] scales, byte[] levels) {
    private static final int GROUP = 16;

    /**
     * Fits a super-block.
     *
     * @param middle the level that stands for zero; levels go from 0 to 2·middle − 1
     * @param maxScale scales go from −maxScale to maxScale − 1
     */
    static SymmetricFit of(float[] values, int from, int middle, int maxScale) {
        int groups = SuperBlockCodec.SIZE / GROUP;
        float[] exact = new float[groups];
        float peak = 0;
        for (int group = 0; group < groups; group++) {
            exact[group] = bestScale(values, from + group * GROUP, middle);
            if (Math.abs(exact[group]) > Math.abs(peak)) {
                peak = exact[group];
            }
        }
        float d = Float.float16ToFloat(Float.floatToFloat16(peak / -maxScale));
        int[] scales = new int[groups];
        byte[] levels = new byte[SuperBlockCodec.SIZE];
        for (int group = 0; group < groups; group++) {
            scales[group] = d == 0 ? 0 : Math.clamp(nearest(exact[group] / d), -maxScale, maxScale - 1);
            float scale = d * scales[group];
            for (int i = group * GROUP; i < (group + 1) * GROUP; i++) {
                levels[i] = (byte) (middle + (scale == 0 ? 0 : level(values[from + i] / scale, middle)));
            }
        }
        return new SymmetricFit(d, scales, levels);
    }

    /**
     * The scale that keeps the error least, weighing each value by its square. Scales around the one that puts the value
     * of largest magnitude on the outermost level are tried; each set of levels then has its least-squares scale.
     */
    private static float bestScale(float[] values, int from, int middle) {
        float peak = 0;
        for (int i = from; i < from + GROUP; i++) {
            if (Math.abs(values[i]) > Math.abs(peak)) {
                peak = values[i];
            }
        }
        float scale = 0;
        float best = 0;
        for (int step = -9; step <= 9; step++) {
            float inverse = -(middle + 0.1f * step) / peak;
            float dot = 0;
            float norm = 0;
            for (int i = from; i < from + GROUP; i++) {
                float value = values[i];
                int level = level(inverse * value, middle);
                dot += value * value * value * level;
                norm += value * value * level * level;
            }
            if (norm > 0 && dot * dot > best * norm) {
                scale = dot / norm;
                best = scale * dot;
            }
        }
        return scale;
    }

    private static int level(float scaled, int middle) {
        return Math.clamp(nearest(scaled), -middle, middle - 1);
    }

    private static int nearest(float value) {
        return (int) Math.rint(value);
    }
}
