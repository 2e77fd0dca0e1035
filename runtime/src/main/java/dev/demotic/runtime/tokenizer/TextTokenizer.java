package dev.demotic.runtime.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.demotic.runtime.DemoticException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A tokenizer put together from its stages: added tokens are matched, the text between them is normalized and cut into
 * words, and the subword model cuts the words into tokens.
 *
 * <p>Text that is no well-formed UTF-16 has its lone surrogates replaced by U+FFFD first.
 */
final class TextTokenizer implements Tokenizer {
    /**
     * The stages of encoding and decoding.
     *
     * @param raw added tokens that match in the text as it comes
     * @param normalized added tokens that match in the normalized text
     */
    record Stages(
            List<AddedToken> raw,
            List<AddedToken> normalized,
            Normalizer normalizer,
            PreTokenizer preTokenizer,
            SubwordModel model,
            PieceDecoder decoder) {}

    private final Vocabulary vocabulary;
    private final Stages stages;
    private final SpecialTokens specials;
    private final Matchers forUserText;
    private final Matchers forMarkup;

    private record Matchers(AddedTokenMatcher raw, AddedTokenMatcher normalized) {}

    TextTokenizer(Vocabulary vocabulary, Stages stages, SpecialTokens specials) {
        this.vocabulary = vocabulary;
        this.stages = stages;
        this.specials = specials;
        this.forUserText = new Matchers(matcher(stages.raw, false), matcher(stages.normalized, false));
        this.forMarkup = new Matchers(matcher(stages.raw, true), matcher(stages.normalized, true));
    }

    private static AddedTokenMatcher matcher(List<AddedToken> added, boolean withSpecials) {
        List<AddedToken> matched = new ArrayList<>();
        for (AddedToken token : added) {
            if (!token.pattern().isEmpty() && (withSpecials || !token.special())) {
                matched.add(token);
            }
        }
        return new AddedTokenMatcher(matched);
    }

    @Override
    public int size() {
        return vocabulary.size();
    }

    @Override
    public int[] encode(String text) {
        return encode(wellFormed(text), forUserText);
    }

    @Override
    public int[] encodeWithSpecials(String text) {
        return encode(wellFormed(text), forMarkup);
    }

    private int[] encode(String text, Matchers matchers) {
        TokenList out = new TokenList();
        matchers.raw.split(text, new AddedTokenMatcher.Parts() {
            @Override
            public void text(int start, int end) {
                encodePart(text.substring(start, end), start == 0, matchers.normalized, out);
            }

            @Override
            public void token(int id) {
                out.add(id);
            }
        });
        return out.from(0);
    }

    private void encodePart(String part, boolean first, AddedTokenMatcher matcher, TokenList out) {
        String text = stages.normalizer.normalize(part);
        PreTokenizer.Words words = (word, isFirst) -> {
            if (!word.isEmpty()) {
                stages.model.encode(word, out);
            }
        };
        matcher.split(text, new AddedTokenMatcher.Parts() {
            @Override
            public void text(int start, int end) {
                stages.preTokenizer.split(text.substring(start, end), first && start == 0, words);
            }

            @Override
            public void token(int id) {
                out.add(id);
            }
        });
    }

    private static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return text.codePoints()
                        .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
            }
        }
        return text;
    }

    @Override
    public byte[] bytes(int token) {
        String piece = vocabulary.piece(checked(token));
        return switch (vocabulary.kind(token)) {
            case CONTROL, UNKNOWN, USER_DEFINED -> piece.getBytes(UTF_8);
            case NORMAL, UNDEFINED, UNUSED, BYTE -> stages.decoder.decode(piece);
        };
    }

    private int checked(int token) {
        if (token < 0 || token >= vocabulary.size()) {
            throw new DemoticException("token " + token + " does not exist; this vocabulary has the tokens 0 to "
                    + (vocabulary.size() - 1));
        }
        return token;
    }

    @Override
    public String decode(int... tokens) {
        ByteArrayOutputStream text = new ByteArrayOutputStream(4 * tokens.length);
        TextBytes bytes = new TextBytes();
        for (int token : tokens) {
            text.writeBytes(bytes.next(token));
        }
        return text.toString(UTF_8);
    }

    /** The bytes that tokens add to a text: none for control tokens, and for the first one none of its artificial space. */
    private final class TextBytes {
        private boolean first = true;

        byte[] next(int token) {
            if (isControl(token)) {
                return new byte[0];
            }
            byte[] bytes = bytes(token);
            if (first && bytes.length > 0) {
                first = false;
                return stages.decoder.withoutLeadingSpace(bytes);
            }
            return bytes;
        }
    }

    @Override
    public StreamingDecoder stream() {
        TextBytes bytes = new TextBytes();
        GraphemeStream text = new GraphemeStream();
        return new StreamingDecoder() {
            @Override
            public String next(int token) {
                return text.add(bytes.next(token));
            }

            @Override
            public String flush() {
                return text.flush();
            }
        };
    }

    @Override
    public OptionalInt id(String piece) {
        int id = vocabulary.find(piece);
        return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    @Override
    public boolean isControl(int token) {
        Vocabulary.Kind kind = vocabulary.kind(checked(token));
        return kind == Vocabulary.Kind.CONTROL || kind == Vocabulary.Kind.UNKNOWN;
    }

    @Override
    public OptionalInt bos() {
        return specials.bos();
    }

    @Override
    public OptionalInt eos() {
        return specials.eos();
    }

    @Override
    public Set<Integer> stopTokens() {
        return specials.stops();
    }

    @Override
    public boolean addsBos() {
        return specials.addsBos();
    }

    @Override
    public boolean addsEos() {
        return specials.addsEos();
    }
}
