package dev.demotic.decoding.speculate;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.decoding.sample.TokenHistory;
import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * The text of a reply in the tokens of a draft model with another vocabulary.
 *
 * <p>New text is tokenised together with the tokens of the last {@link #SEAM} bytes before it, since it may change how these
 * are best cut; the draft model's cache then goes back to the first token that differs. Control tokens go by their name.
 */
final class ForeignText {
    /** Bytes before new text that are tokenised again: more than the context that a border between tokens hangs on. */
    private static final int SEAM = 64;
    /** Text that a tokenizer must keep byte for byte. */
    private static final String PROBE = " int  x = 1;\n\n\tif (Größe) { 漢字 😀 }\nAnd";

    private final Tokenizer draft;
    private final Tokenizer target;
    private final TokenMap map;
    private final TokenHistory tokens;
    /** Where the tokens after the last control token begin. */
    private int segment;
    /** How many of the target's tokens were taken in. */
    private int taken;
    /** The beginning of a character whose other bytes have not come yet. */
    private byte[] unfinished = {};

    /** @param vocabulary size of the draft model's logits */
    ForeignText(Tokenizer draft, Tokenizer target, TokenMap map, int vocabulary) {
        this.draft = draft;
        this.target = target;
        this.map = map;
        tokens = new TokenHistory(vocabulary);
        tokens.begin(new int[0]);
        if (draft.addsBos() && draft.bos().isPresent()) {
            addControl(draft.bos().getAsInt());
        }
    }

    /** @throws DemoticException if the tokenizer changes what it encodes */
    static void requireExact(Tokenizer tokenizer, String whose) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int token : tokenizer.encode(PROBE)) {
            bytes.writeBytes(tokenizer.bytes(token));
        }
        if (!Arrays.equals(bytes.toByteArray(), PROBE.getBytes(UTF_8))) {
            throw new DemoticException(
                    "the tokenizer of " + whose
                            + " does not keep text byte for byte, which drafting across vocabularies needs; take a byte-level one");
        }
    }

    /** The draft model's tokens. */
    TokenHistory tokens() {
        return tokens;
    }

    /**
     * Takes in what the target's history has gained.
     *
     * @return false if the text ends within a character, which the draft model cannot go on from
     */
    boolean catchUp(TokenHistory history) {
        ByteArrayOutputStream fresh = new ByteArrayOutputStream();
        fresh.writeBytes(unfinished);
        for (; taken < history.size(); taken++) {
            int token = history.token(taken);
            if (!target.isControl(token)) {
                fresh.writeBytes(target.bytes(token));
                continue;
            }
            append(fresh.toByteArray());
            fresh.reset();
            int same = map.toDraft(token);
            boolean isStart = target.bos().isPresent() && target.bos().getAsInt() == token && taken == 0;
            if (same != TokenMap.NONE && !(isStart && tokens.size() > 0)) {
                addControl(same);
            }
        }
        byte[] bytes = fresh.toByteArray();
        int whole = wholeCharacters(bytes);
        append(Arrays.copyOf(bytes, whole));
        unfinished = Arrays.copyOfRange(bytes, whole, bytes.length);
        return unfinished.length == 0 && tokens.size() > 0;
    }

    private void addControl(int token) {
        tokens.add(token);
        segment = tokens.size();
    }

    private void append(byte[] text) {
        if (text.length == 0) {
            return;
        }
        ByteArrayOutputStream seam = new ByteArrayOutputStream();
        int from = seamStart();
        for (int i = from; i < tokens.size(); i++) {
            seam.writeBytes(draft.bytes(tokens.token(i)));
        }
        seam.writeBytes(text);
        tokens.truncate(from);
        for (int token : draft.encode(seam.toString(UTF_8))) {
            tokens.add(token);
        }
    }

    /** The token from which the seam begins: at the start of a character. */
    private int seamStart() {
        int from = tokens.size();
        for (int bytes = 0; from > segment && (bytes < SEAM || startsWithinCharacter(tokens.token(from))); from--) {
            bytes += draft.bytes(tokens.token(from - 1)).length;
        }
        return from;
    }

    private boolean startsWithinCharacter(int token) {
        byte[] bytes = draft.bytes(token);
        return bytes.length > 0 && isContinuation(bytes[0]);
    }

    private static boolean isContinuation(byte value) {
        return (value & 0xC0) == 0x80;
    }

    /** How many bytes there are up to where a character is cut off by the end. */
    private static int wholeCharacters(byte[] bytes) {
        for (int back = 1; back <= Math.min(3, bytes.length); back++) {
            byte value = bytes[bytes.length - back];
            if (!isContinuation(value)) {
                int length = Integer.numberOfLeadingZeros(~value << 24);
                return length > back ? bytes.length - back : bytes.length;
            }
        }
        return bytes.length;
    }
}
