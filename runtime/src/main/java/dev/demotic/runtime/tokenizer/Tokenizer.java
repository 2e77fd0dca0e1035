package dev.demotic.runtime.tokenizer;

import java.util.OptionalInt;
import java.util.Set;

/**
 * Text to token ids and back, exactly as the model was trained with.
 *
 * <p>Implementations are immutable and safe for use by many threads.
 */
public interface Tokenizer {
    /** Number of token ids, gaps and unused ones included. */
    int size();

    /** Encodes user text: text that looks like a special token stays text. Adds neither BOS nor EOS. */
    int[] encode(String text);

    /** Encodes text that may hold special tokens, such as a rendered chat template. Adds neither BOS nor EOS. */
    int[] encodeWithSpecials(String text);

    /** The bytes that a token stands for; a special token's own text for control tokens. */
    byte[] bytes(int token);

    /** Decodes tokens to text. Bytes that are no valid UTF-8 become U+FFFD; control tokens are left out. */
    String decode(int... tokens);

    /** A decoder for a stream of tokens that holds back what could still change: half a character or grapheme. */
    StreamingDecoder stream();

    /** The id of the token with exactly this piece, control tokens included. */
    OptionalInt id(String piece);

    /** True for tokens that steer rather than say: BOS, EOS, turn markers. */
    boolean isControl(int token);

    OptionalInt bos();

    OptionalInt eos();

    /** Tokens that end a reply: EOS, and end-of-turn tokens such as {@code <|im_end|>} or {@code <|eot_id|>}. */
    Set<Integer> stopTokens();

    /** True if the model wants BOS before a raw prompt. */
    boolean addsBos();

    /** True if the model wants EOS after a raw prompt. */
    boolean addsEos();

    /** Turns tokens into text as they come. One per reply; not safe for use by several threads. */
    interface StreamingDecoder {
        /** Takes one token and returns the text that is now certain; often empty. Never splits a grapheme cluster. */
        String next(int token);

        /** The text still held back, at the end of the stream. */
        String flush();
    }
}
