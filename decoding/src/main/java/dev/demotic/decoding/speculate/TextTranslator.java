package dev.demotic.decoding.speculate;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.util.stream.IntStream;

/**
 * Exchanges bytes: the draft's text is what the target's tokenizer makes of it.
 *
 * @param draft the draft model's tokenizer
 * @param target the target's
 * @param map control tokens that go by the same name
 */
record TextTranslator(Tokenizer draft, Tokenizer target, TokenMap map) implements Translator {
    @Override
    public int[] translate(int[] tokens) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        IntStream control = IntStream.empty();
        for (int token : tokens) {
            if (draft.isControl(token)) {
                int same = map.toTarget(token);
                control = same == TokenMap.NONE ? control : IntStream.of(same);
                break;
            }
            text.writeBytes(draft.bytes(token));
        }
        return IntStream.concat(IntStream.of(target.encode(text.toString(UTF_8))), control)
                .toArray();
    }
}
