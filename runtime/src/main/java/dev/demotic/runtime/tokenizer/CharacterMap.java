package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.DemoticException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.text.BreakIterator;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * SentencePiece's compiled normalization: a double-array trie from character sequences to what replaces them.
 *
 * <p>The layout is four bytes with the size of the trie, its 32-bit units, then the replacements, each ended by a zero
 * byte. Source: Darts-clone, as SentencePiece's {@code precompiled_charsmap} uses it.
 */
final class CharacterMap {
    /** Hugging Face looks up whole grapheme clusters only below this many bytes. */
    private static final int LONGEST_CLUSTER = 6;

    private final int[] units;
    private final byte[] replacements;

    /** @throws DemoticException if the layout is damaged */
    CharacterMap(byte[] compiled) {
        ByteBuffer buffer = ByteBuffer.wrap(compiled).order(ByteOrder.LITTLE_ENDIAN);
        long trieBytes = compiled.length < 4 ? -1 : Integer.toUnsignedLong(buffer.getInt());
        if (trieBytes < 4 || trieBytes % 4 != 0 || trieBytes > compiled.length - 4) {
            throw new DemoticException("the tokenizer's precompiled character map of " + compiled.length
                    + " bytes is damaged; get the file again");
        }
        units = new int[(int) trieBytes / 4];
        buffer.asIntBuffer().get(units);
        replacements = Arrays.copyOfRange(compiled, 4 + (int) trieBytes, compiled.length);
    }

    /** Longest match first, as SentencePiece does it. */
    Normalizer longestMatch() {
        return text -> {
            byte[] bytes = text.getBytes(UTF_8);
            ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
            for (int i = 0; i < bytes.length; ) {
                Match match = find(bytes, i, bytes.length, true);
                if (match == null) {
                    out.write(bytes[i++]);
                } else {
                    out.write(replacements, match.replacement, end(match.replacement) - match.replacement);
                    i += match.length;
                }
            }
            return out.toString(UTF_8);
        };
    }

    /** Cluster by cluster, then character by character, and the shortest match of each, as Hugging Face does it. */
    Normalizer byCluster() {
        return text -> {
            StringBuilder out = new StringBuilder(text.length());
            BreakIterator clusters = BreakIterator.getCharacterInstance(Locale.ROOT);
            clusters.setText(text);
            int start = 0;
            for (int end = clusters.next(); end != BreakIterator.DONE; start = end, end = clusters.next()) {
                String cluster = text.substring(start, end);
                byte[] bytes = cluster.getBytes(UTF_8);
                if (bytes.length >= LONGEST_CLUSTER || !replace(bytes, out)) {
                    cluster.codePoints().forEach(c -> {
                        if (!replace(Character.toString(c).getBytes(UTF_8), out)) {
                            out.appendCodePoint(c);
                        }
                    });
                }
            }
            return out.toString();
        };
    }

    private boolean replace(byte[] bytes, StringBuilder out) {
        Match match = find(bytes, 0, bytes.length, false);
        if (match != null) {
            out.append(new String(replacements, match.replacement, end(match.replacement) - match.replacement, UTF_8));
        }
        return match != null;
    }

    private record Match(int length, int replacement) {}

    private @Nullable Match find(byte[] text, int start, int end, boolean longest) {
        Match found = null;
        int node = offset(units[0]);
        for (int i = start; i < end && text[i] != 0; i++) {
            int label = text[i] & 0xFF;
            node ^= label;
            if (node >= units.length || (units[node] & 0x8000_00FF) != label) {
                break;
            }
            boolean leaf = (units[node] >>> 8 & 1) == 1;
            node ^= offset(units[node]);
            if (leaf && node < units.length && (units[node] & 0x7FFF_FFFF) < replacements.length) {
                found = new Match(i - start + 1, units[node] & 0x7FFF_FFFF);
                if (!longest) {
                    break;
                }
            }
        }
        return found;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6) & Integer.MAX_VALUE;
    }

    /** Where the replacement that starts here ends. */
    private int end(int start) {
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        return end;
    }
}
