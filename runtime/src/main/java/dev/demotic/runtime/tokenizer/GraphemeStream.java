package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.text.BreakIterator;
import java.util.Locale;

/**
 * UTF-8 in pieces to text in whole grapheme clusters.
 *
 * <p>A cluster is certain once the next one begins, so the last one is always held back: one character for most text.
 * Bytes that are no UTF-8 become U+FFFD, as {@link String} decodes them. Clusters are those of Unicode's annex 29.
 */
final class GraphemeStream {
    private final CharsetDecoder decoder = UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final BreakIterator clusters = BreakIterator.getCharacterInstance(Locale.ROOT);
    private byte[] partial = new byte[0];
    private String held = "";

    /** Takes bytes and returns the clusters that are now complete. */
    String add(byte[] bytes) {
        if (bytes.length == 0) {
            return "";
        }
        held += decode(bytes, false);
        clusters.setText(held);
        int last = clusters.last();
        int start = last == 0 ? 0 : clusters.previous();
        String complete = held.substring(0, start);
        held = held.substring(start);
        return complete;
    }

    /** What is still held back, at the end; the stream then starts anew. */
    String flush() {
        String rest = held + decode(new byte[0], true);
        held = "";
        return rest;
    }

    private String decode(byte[] bytes, boolean end) {
        ByteBuffer in = ByteBuffer.allocate(partial.length + bytes.length)
                .put(partial)
                .put(bytes)
                .flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
        decoder.decode(in, out, end);
        if (end) {
            decoder.flush(out);
            decoder.reset();
        }
        partial = new byte[in.remaining()];
        in.get(partial);
        return out.flip().toString();
    }
}
