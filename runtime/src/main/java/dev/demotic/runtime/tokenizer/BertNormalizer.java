package dev.demotic.runtime.tokenizer;

import java.text.Normalizer.Form;

/**
 * BERT's text cleaning.
 *
 * @param clean drop control characters and make all white space plain
 * @param isolateIdeographs put spaces around Chinese characters
 */
record BertNormalizer(boolean clean, boolean isolateIdeographs, boolean stripAccents, boolean lowercase)
        implements Normalizer {
    private static final Normalizer LOWERCASE = Normalizer.lowercase();
    private static final Normalizer STRIP_ACCENTS =
            Normalizer.remove(c -> Character.getType(c) == Character.NON_SPACING_MARK);

    @Override
    public String normalize(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> append(c, out));
        String result = out.toString();
        if (stripAccents) {
            result = STRIP_ACCENTS.normalize(java.text.Normalizer.normalize(result, Form.NFD));
        }
        return lowercase ? LOWERCASE.normalize(result) : result;
    }

    private void append(int c, StringBuilder out) {
        if (clean && Characters.isSpace(c)) {
            out.append(' ');
        } else if (isolateIdeographs && isIdeograph(c)) {
            out.append(' ').appendCodePoint(c).append(' ');
        } else if (!(clean && (c == 0 || c == 0xFFFD || isControl(c)))) {
            out.appendCodePoint(c);
        }
    }

    private static boolean isControl(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE -> true;
            default -> false;
        };
    }

    /** The blocks that BERT was trained with, one of them with its historic slip (2B920 for 2B820). */
    private static boolean isIdeograph(int c) {
        return c >= 0x4E00 && c <= 0x9FFF
                || c >= 0x3400 && c <= 0x4DBF
                || c >= 0xF900 && c <= 0xFAFF
                || c >= 0x20000 && c <= 0x2A6DF
                || c >= 0x2A700 && c <= 0x2B73F
                || c >= 0x2B740 && c <= 0x2B81F
                || c >= 0x2B920 && c <= 0x2CEAF
                || c >= 0x2F800 && c <= 0x2FA1F;
    }
}
