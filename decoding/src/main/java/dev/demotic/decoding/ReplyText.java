package dev.demotic.decoding;

import dev.demotic.runtime.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The text of a reply as its tokens come: streams what is certain, and ends at the first stop string.
 *
 * <p>Text that may yet turn out to be the start of a stop string is held back, also across token borders; so is half a
 * grapheme, by the tokenizer's streaming decoder. A stop string is seen as soon as its last byte is there.
 */
final class ReplyText {
    private final Tokenizer tokenizer;
    private final Tokenizer.StreamingDecoder decoder;
    private final List<String> stops;
    private final Set<Integer> shown;
    private final int longestStop;
    private final Consumer<String> out;
    private final StringBuilder text = new StringBuilder();
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    /** The last characters, those included that the streaming decoder still holds. */
    private final StringBuilder tail = new StringBuilder();

    private ByteBuffer pending = ByteBuffer.allocate(0);
    private int emitted;

    /** @param shown control tokens that are part of the text */
    ReplyText(Tokenizer tokenizer, List<String> stops, Set<Integer> shown, Consumer<String> out) {
        this.shown = shown;
        this.tokenizer = tokenizer;
        this.stops = stops;
        this.out = out;
        decoder = tokenizer.stream();
        longestStop = stops.stream().mapToInt(String::length).max().orElse(0);
    }

    /**
     * Takes a token.
     *
     * @param last whether none can follow, so that nothing need be held back
     * @return true if it completed a stop string: the text is final then
     */
    boolean add(int token, boolean last) {
        text.append(shown.contains(token) ? decoder.flush() + piece(token) : decoder.next(token));
        if (last) {
            text.append(decoder.flush());
        }
        if (stops.isEmpty()) {
            emit(text.length());
            return false;
        }
        if (stopSeen(token)) {
            text.append(decoder.flush());
            int at = firstStop();
            if (at >= 0) {
                text.setLength(at);
                emit(at);
                return true;
            }
        }
        emit(text.length() - (last ? 0 : heldBack()));
        return false;
    }

    private String piece(int token) {
        return new String(tokenizer.bytes(token), StandardCharsets.UTF_8);
    }

    /** Streams what was held back; the reply ended by itself. */
    void finish() {
        text.append(decoder.flush());
        int at = firstStop();
        if (at >= 0) {
            text.setLength(at);
        }
        emit(text.length());
    }

    @Override
    public String toString() {
        return text.toString();
    }

    private boolean stopSeen(int token) {
        if (tokenizer.isControl(token)) {
            return false;
        }
        byte[] bytes = tokenizer.bytes(token);
        ByteBuffer input = ByteBuffer.allocate(pending.remaining() + bytes.length);
        input.put(pending).put(bytes).flip();
        CharBuffer characters = CharBuffer.allocate(input.remaining() + 1);
        utf8.decode(input, characters, false);
        pending = input;
        tail.append(characters.flip());
        boolean seen = stops.stream().anyMatch(stop -> tail.indexOf(stop) >= 0);
        tail.delete(0, Math.max(0, tail.length() - longestStop + 1));
        return seen;
    }

    private int firstStop() {
        return stops.stream()
                .mapToInt(stop -> text.indexOf(stop, Math.max(0, emitted - longestStop)))
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
    }

    /** How long the end of the text is that may be the start of a stop string. */
    private int heldBack() {
        for (int length = Math.min(longestStop - 1, text.length() - emitted); length > 0; length--) {
            String end = text.substring(text.length() - length);
            if (stops.stream().anyMatch(stop -> stop.startsWith(end))) {
                return length;
            }
        }
        return 0;
    }

    private void emit(int end) {
        if (end > emitted) {
            out.accept(text.substring(emitted, end));
            emitted = end;
        }
    }
}
