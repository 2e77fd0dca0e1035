package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.tokenizer.PieceDecoder.LeadingSpace;
import dev.demotic.runtime.tokenizer.Vocabulary.Kind;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Builds tokenizers from GGUF's {@code tokenizer.ggml} keys.
 *
 * <p>Source: ggml's {@code docs/gguf.md}; defaults of keys that are left out as llama.cpp has them.
 */
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final Pattern SPACES = Pattern.compile(" +");
    private static final Pattern OUTER_SPACES = Pattern.compile("\\A | \\z");
    private static final Kind[] KINDS = Kind.values();

    private final Metadata metadata;
    private final Vocabulary vocabulary;

    private GgufTokenizer(Metadata metadata) {
        this.metadata = metadata;
        String[] pieces = metadata.strings(PREFIX + "tokens");
        if (pieces.length == 0) {
            throw new DemoticException("metadata key tokenizer.ggml.tokens is empty; the file is incomplete");
        }
        this.vocabulary = new Vocabulary(pieces, kinds(pieces));
    }

    private Kind[] kinds(String[] pieces) {
        Kind[] kinds = new Kind[pieces.length];
        if (!metadata.has(PREFIX + "token_type")) {
            for (int id = 0; id < kinds.length; id++) {
                kinds[id] = Vocabulary.byteOf(pieces[id]) == Vocabulary.NONE ? Kind.NORMAL : Kind.BYTE;
            }
            return kinds;
        }
        int[] types = metadata.integers(PREFIX + "token_type");
        requireOnePerToken("token_type", types.length, kinds.length);
        for (int id = 0; id < kinds.length; id++) {
            kinds[id] = types[id] >= 0 && types[id] < KINDS.length ? KINDS[types[id]] : Kind.UNDEFINED;
            if (kinds[id] == Kind.BYTE && Vocabulary.byteOf(pieces[id]) == Vocabulary.NONE) {
                throw new DemoticException("token " + id + " is marked as a byte but its piece is \"" + pieces[id]
                        + "\" instead of one such as <0x0A>; the file is damaged");
            }
        }
        return kinds;
    }

    private static void requireOnePerToken(String key, int values, int tokens) {
        if (values != tokens) {
            throw new DemoticException("metadata key " + PREFIX + key + " has " + values + " values for " + tokens
                    + " tokens; the file is damaged");
        }
    }

    static Tokenizer of(Metadata metadata) {
        GgufTokenizer builder = new GgufTokenizer(metadata);
        String model = metadata.string(PREFIX + "model");
        return switch (model) {
            case "gpt2", "gemma4" -> builder.bytePairEncoding(model.equals("gemma4") ? model : builder.pre());
            case "llama" -> builder.scoredMerges();
            case "t5" -> builder.unigram();
            case "bert" -> builder.wordPiece();
            default ->
                throw new DemoticException("the file's tokenizer model " + model
                        + " is not supported; Demotic reads gpt2, llama, t5, bert and gemma4");
        };
    }

    private String pre() {
        return metadata.findString(PREFIX + "pre").orElse("default");
    }

    private Tokenizer bytePairEncoding(String pre) {
        NamedPreTokenizers.Named named = NamedPreTokenizers.of(pre);
        String[] merges = metadata.strings(PREFIX + "merges");
        MergeTable table = new MergeTable(vocabulary, merges.length, 0);
        for (String merge : merges) {
            table.add(merge);
        }
        boolean visibleSpaces = named.visibleSpaces();
        BytePairEncoding model = new BytePairEncoding(
                vocabulary,
                table,
                new Fallback(visibleSpaces ? vocabulary.byteTokens() : new int[0], unknown(Vocabulary.NONE)),
                named.wholeWords() ? BytePairEncoding.Options.WHOLE_WORDS : BytePairEncoding.Options.PLAIN);
        TextTokenizer.Stages stages = new TextTokenizer.Stages(
                added(),
                List.of(),
                visibleSpaces ? Normalizer.replace(" ", String.valueOf(Metaspace.SPACE)) : Normalizer.NONE,
                visibleSpaces
                        ? named.preTokenizer().then(new WordStarts(vocabulary))
                        : named.preTokenizer().then(PreTokenizer.byteLevel()),
                new WordCache(visibleSpaces ? lineBreaksFirst(model) : model),
                visibleSpaces ? PieceDecoder.sentencePiece(LeadingSpace.NONE) : PieceDecoder.BYTE_LEVEL);
        return build(stages, Vocabulary.NONE, Vocabulary.NONE, named.addsBos(), false);
    }

    /** A run of line breaks that is a token stays one: GGUF's merges, being lines, cannot hold them. */
    private SubwordModel lineBreaksFirst(SubwordModel model) {
        return (word, out) -> {
            int whole = word.charAt(0) == '\n' ? vocabulary.find(word) : Vocabulary.NONE;
            if (whole == Vocabulary.NONE) {
                model.encode(word, out);
            } else {
                out.add(whole);
            }
        };
    }

    private Tokenizer scoredMerges() {
        boolean prefix = metadata.flag(PREFIX + "add_space_prefix", true);
        TextTokenizer.Stages stages = new TextTokenizer.Stages(
                added(),
                List.of(),
                spaces(prefix, false),
                new WordStarts(vocabulary),
                new WordCache(
                        new ScoredMerges(vocabulary, scores(), new Fallback(vocabulary.byteTokens(), unknown(0)))),
                PieceDecoder.sentencePiece(prefix ? LeadingSpace.ONE : LeadingSpace.NONE));
        return build(stages, 1, 2, true, false);
    }

    private float[] scores() {
        float[] scores =
                metadata.has(PREFIX + "scores") ? metadata.numbers(PREFIX + "scores") : new float[vocabulary.size()];
        requireOnePerToken("scores", scores.length, vocabulary.size());
        for (int id = 0; id < scores.length; id++) {
            if (Float.isNaN(scores[id])) {
                throw new DemoticException("token " + id + " has no number for a score; the file is damaged");
            }
        }
        return scores;
    }

    private Tokenizer unigram() {
        float[] given = scores();
        double[] scores = new double[given.length];
        double lowest = Double.POSITIVE_INFINITY;
        for (int id = 0; id < scores.length; id++) {
            scores[id] = vocabulary.kind(id) == Kind.USER_DEFINED ? 0 : given[id];
            if (vocabulary.kind(id) == Kind.NORMAL) {
                lowest = Math.min(lowest, given[id]);
            }
        }
        boolean merged = metadata.flag(PREFIX + "remove_extra_whitespaces", false);
        boolean prefix = metadata.flag(PREFIX + "add_space_prefix", false);
        TextTokenizer.Stages stages = new TextTokenizer.Stages(
                added(),
                List.of(),
                Normalizer.sequence(List.of(characterMap(), spaces(prefix, merged))),
                PreTokenizer.WHOLE,
                new Unigram(vocabulary, scores, lowest, new Fallback(vocabulary.byteTokens(), unknown(2))),
                PieceDecoder.sentencePiece(prefix ? LeadingSpace.ONE : LeadingSpace.NONE));
        return build(stages, Vocabulary.NONE, 1, false, true);
    }

    private Normalizer characterMap() {
        Metadata.Value value = metadata.values().get(PREFIX + "precompiled_charsmap");
        if (value == null) {
            return Normalizer.NONE;
        }
        if (!(value.value() instanceof byte[] compiled)) {
            throw new DemoticException("metadata key tokenizer.ggml.precompiled_charsmap is not a list of bytes");
        }
        return compiled.length == 0 ? Normalizer.NONE : new CharacterMap(compiled).longestMatch();
    }

    /** SentencePiece's treatment of spaces: visible, one before the text, and perhaps none at its ends or two in a row. */
    private static Normalizer spaces(boolean prefix, boolean merged) {
        return text -> {
            String kept = merged
                    ? OUTER_SPACES.matcher(SPACES.matcher(text).replaceAll(" ")).replaceAll("")
                    : text;
            return (prefix && !kept.isEmpty() ? " " + kept : kept).replace(' ', Metaspace.SPACE);
        };
    }

    private Tokenizer wordPiece() {
        boolean lowercase = metadata.flag(PREFIX + "normalizer.lowercase", true);
        TextTokenizer.Stages stages = new TextTokenizer.Stages(
                added(),
                List.of(),
                new BertNormalizer(
                        true, true, metadata.flag(PREFIX + "normalizer.strip_accents", lowercase), lowercase),
                TokenizerJson.bertPreTokenizer(),
                new WordCache(new WordPiece(vocabulary, String.valueOf(Metaspace.SPACE), "", 100, unknown(100))),
                PieceDecoder.sentencePiece(LeadingSpace.ONE));
        return build(
                stages, id("cls_token_id", 101), id("seperator_token_id", id("separator_token_id", 102)), true, true);
    }

    /** Tokens that are matched in the text as it comes: all but those that text becomes by the model's rules. */
    private List<AddedToken> added() {
        List<AddedToken> added = new ArrayList<>();
        // Phi-3's tokenizer swallows white space after its markers, which GGUF has no key for.
        String name = metadata.findString("general.name").orElse("").toLowerCase(Locale.ROOT);
        boolean phi3 = name.contains("phi-3") || name.contains("phi3");
        for (int id = 0; id < vocabulary.size(); id++) {
            Kind kind = vocabulary.kind(id);
            if (kind == Kind.CONTROL || kind == Kind.UNKNOWN || kind == Kind.USER_DEFINED) {
                String piece = vocabulary.piece(id);
                boolean strips =
                        phi3 && !List.of("<unk>", "<s>", "<|endoftext|>").contains(piece);
                added.add(new AddedToken(piece, id, kind != Kind.USER_DEFINED, false, strips, false));
            }
        }
        return added;
    }

    private Tokenizer build(TextTokenizer.Stages stages, int bos, int eos, boolean addsBos, boolean addsEos) {
        SpecialTokens specials = specials(metadata, vocabulary, bos, eos, addsBos, addsEos);
        return new TextTokenizer(vocabulary, stages, specials);
    }

    /** The special tokens that the metadata gives, or the given defaults where it is silent. */
    static SpecialTokens specials(
            Metadata metadata, Vocabulary vocabulary, int bos, int eos, boolean addsBos, boolean addsEos) {
        int first = id(metadata, vocabulary, "bos_token_id", bos);
        int last = id(metadata, vocabulary, "eos_token_id", eos);
        Set<Integer> ends = new LinkedHashSet<>();
        for (int id : new int[] {
            last,
            id(metadata, vocabulary, "eot_token_id", Vocabulary.NONE),
            id(metadata, vocabulary, "eom_token_id", Vocabulary.NONE)
        }) {
            if (id != Vocabulary.NONE) {
                ends.add(id);
            }
        }
        if (metadata.has(PREFIX + "eos_token_ids")) {
            for (int id : metadata.integers(PREFIX + "eos_token_ids")) {
                ends.add(checked(vocabulary, "eos_token_ids", id));
            }
        }
        return new SpecialTokens(
                optional(first),
                optional(last),
                SpecialTokens.stops(vocabulary, ends),
                adds(metadata, "add_bos_token", addsBos, first),
                adds(metadata, "add_eos_token", addsEos, last));
    }

    private static boolean adds(Metadata metadata, String key, boolean otherwise, int token) {
        if (token == Vocabulary.NONE && metadata.flag(PREFIX + key, false)) {
            throw new DemoticException("metadata key " + PREFIX + key + " is true, but the file names no such token; "
                    + "set " + PREFIX + key.substring(4) + "_id");
        }
        return token != Vocabulary.NONE && metadata.flag(PREFIX + key, otherwise);
    }

    private static OptionalInt optional(int id) {
        return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private int unknown(int otherwise) {
        return id("unknown_token_id", otherwise);
    }

    private int id(String key, int otherwise) {
        return id(metadata, vocabulary, key, otherwise);
    }

    private static int id(Metadata metadata, Vocabulary vocabulary, String key, int otherwise) {
        if (metadata.has(PREFIX + key)) {
            return checked(vocabulary, key, metadata.integer(PREFIX + key));
        }
        return otherwise < vocabulary.size() ? otherwise : Vocabulary.NONE;
    }

    private static int checked(Vocabulary vocabulary, String key, int id) {
        if (id < 0 || id >= vocabulary.size()) {
            throw new DemoticException("metadata key " + PREFIX + key + " names token " + id
                    + ", but the vocabulary has " + vocabulary.size() + "; the file is damaged");
        }
        return id;
    }
}
