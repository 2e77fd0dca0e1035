package dev.demotic.server;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a token's bytes are to clients: tokens may end in the middle of a character. */
final class TokenText {
    private TokenText() {}

    /** The characters; empty if one of them is not whole. */
    static Optional<String> whole(byte[] bytes) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException part) {
            return Optional.empty();
        }
    }

    /** The bytes as numbers from 0 to 255. */
    static List<Integer> numbers(byte[] bytes) {
        List<Integer> numbers = new ArrayList<>();
        for (byte each : bytes) {
            numbers.add(Byte.toUnsignedInt(each));
        }
        return numbers;
    }
}
