package dev.demotic.runtime.tensor;

/** One element at a time, straight from the layout tables of ggml's blocks; slow, and shares no code with the codecs. */
final class ReferenceDequantizer {
    private ReferenceDequantizer() {}

    /** Element {@code e} of the block that begins at {@code at}. */
    static float element(TensorType type, byte[] bytes, int at, int e) {
        return switch (type) {
            case F32 -> Float.intBitsToFloat(word(bytes, at));
            case F16 -> half(bytes, at);
            case BF16 -> Float.intBitsToFloat(u16(bytes, at) << 16);
            case Q8_0 -> bytes[at + 2 + e] * half(bytes, at);
            case Q4_0 -> (nibble(bytes, at + 2, e) - 8) * half(bytes, at);
            case Q4_1 -> nibble(bytes, at + 4, e) * half(bytes, at) + half(bytes, at + 2);
            case Q5_0 -> (nibble(bytes, at + 6, e) + 16 * bit(bytes, at + 2, e) - 16) * half(bytes, at);
            case Q5_1 ->
                (nibble(bytes, at + 8, e) + 16 * bit(bytes, at + 4, e)) * half(bytes, at) + half(bytes, at + 2);
            case Q2_K -> {
                int scales = u8(bytes, at + e / 16);
                int scale = scales % 16;
                int min = scales / 16;
                yield half(bytes, at + 80) * scale * pair(bytes, at + 16, e) - half(bytes, at + 82) * min;
            }
            case Q3_K -> {
                int high = u8(bytes, at + e % 32) >> e / 32 & 1;
                int low = pair(bytes, at + 32, e);
                int j = e / 16;
                int scaleLow = j < 8 ? u8(bytes, at + 96 + j) % 16 : u8(bytes, at + 96 + j - 8) / 16;
                int scaleHigh = u8(bytes, at + 104 + j % 4) >> 2 * (j / 4) & 3;
                yield half(bytes, at + 108) * (scaleLow + 16 * scaleHigh - 32) * (low - (high == 1 ? 0 : 4));
            }
            case Q4_K -> affine(bytes, at, e, longNibble(bytes, at + 16, e));
            case Q5_K ->
                affine(bytes, at, e, longNibble(bytes, at + 48, e) + 16 * (u8(bytes, at + 16 + e % 32) >> e / 32 & 1));
            case Q6_K -> {
                int within = e % 128;
                int low = u8(bytes, at + 64 * (e / 128) + within % 64);
                int level = (within < 64 ? low % 16 : low / 16) + 16 * pair(bytes, at + 128, e) - 32;
                yield half(bytes, at + 208) * bytes[at + 192 + e / 16] * level;
            }
        };
    }

    /** Value of Q4_K and Q5_K from its level: d, dmin, then 12 bytes of six-bit scales and minima. */
    private static float affine(byte[] bytes, int at, int e, int level) {
        int j = e / 32;
        int s = at + 4;
        int scale = j < 4 ? u8(bytes, s + j) % 64 : u8(bytes, s + j + 4) % 16 + u8(bytes, s + j - 4) / 64 * 16;
        int min = j < 4 ? u8(bytes, s + j + 4) % 64 : u8(bytes, s + j + 4) / 16 + u8(bytes, s + j) / 64 * 16;
        return half(bytes, at) * scale * level - half(bytes, at + 2) * min;
    }

    /** Four bits in a block of 32: the first half of the elements in the low halves of 16 bytes. */
    private static int nibble(byte[] bytes, int at, int e) {
        return e < 16 ? u8(bytes, at + e) % 16 : u8(bytes, at + e - 16) / 16;
    }

    /** Four bits in a super-block: 64 elements share 32 bytes. */
    private static int longNibble(byte[] bytes, int at, int e) {
        int pair = u8(bytes, at + e / 64 * 32 + e % 32);
        return e % 64 < 32 ? pair % 16 : pair / 16;
    }

    /** Two bits in a super-block: 128 elements share 32 bytes. */
    private static int pair(byte[] bytes, int at, int e) {
        return u8(bytes, at + e / 128 * 32 + e % 32) >> 2 * (e % 128 / 32) & 3;
    }

    private static int bit(byte[] bytes, int at, int e) {
        return u8(bytes, at + e / 8) >> e % 8 & 1;
    }

    private static float half(byte[] bytes, int at) {
        return Float.float16ToFloat((short) u16(bytes, at));
    }

    private static int word(byte[] bytes, int at) {
        return u16(bytes, at) | u16(bytes, at + 2) << 16;
    }

    private static int u16(byte[] bytes, int at) {
        return u8(bytes, at) | u8(bytes, at + 1) << 8;
    }

    private static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xff;
    }
}
