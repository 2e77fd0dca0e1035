package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.MalformedJson;
import dev.demotic.runtime.format.Metadata;
import dev.demotic.runtime.tokenizer.PieceDecoder.LeadingSpace;
import dev.demotic.runtime.tokenizer.Vocabulary.Kind;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Builds tokenizers from Hugging Face's tokenizer.json.
 *
 * <p>Source: the documentation of Hugging Face's tokenizers, whose components keep their names here.
 */
final class TokenizerJson {
    /** More ids than any vocabulary has, so that a damaged id cannot ask for all memory. */
    private static final int MOST_TOKENS = 1 << 24;

    /** Words and what is between words and spaces, in the dialect of Rust, where joiners belong to words. */
    private static final Pattern WORDS = Pattern.compile("[\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200C\\u200D]+"
            + "|[^\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200C\\u200D\\p{IsWhite_Space}]+");

    private static final String PUNCTUATION = "[\\p{P}!-/:-@\\[-`{-~]";

    private final JsonNode root;
    private final JsonNode model;
    private final Metadata metadata;
    private final Normalizer normalizer;
    private final List<AddedToken> raw = new ArrayList<>();
    private final List<AddedToken> normalized = new ArrayList<>();
    private final Vocabulary vocabulary;

    private TokenizerJson(JsonNode root, Metadata metadata) {
        this.root = root;
        this.model = root.path("model");
        this.metadata = metadata;
        this.normalizer = normalizer(root.path("normalizer"));
        this.vocabulary = vocabulary();
    }

    static Tokenizer read(String json, Metadata metadata) {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw new DemoticException(
                    "tokenizer.json is no valid JSON (" + MalformedJson.reason(e) + "); get the file again", e);
        }
        if (!root.path("model").isObject()) {
            throw new DemoticException("tokenizer.json has no model; get the file again");
        }
        return new TokenizerJson(root, metadata).build();
    }

    private Tokenizer build() {
        PieceDecoder decoder = decoder(root.path("decoder"));
        SubwordModel subwords = model();
        PreTokenizer preTokenizer = preTokenizer(root.path("pre_tokenizer"));
        if (cutsAtSpaces(subwords)) {
            preTokenizer = preTokenizer.then(new WordStarts(vocabulary));
        }
        TextTokenizer.Stages stages = new TextTokenizer.Stages(
                raw,
                normalized,
                normalizer,
                preTokenizer,
                subwords instanceof Unigram ? subwords : new WordCache(subwords),
                decoder);
        return new TextTokenizer(vocabulary, stages, specials());
    }

    /** True if visible spaces are ordinary symbols that merge, so that {@link WordStarts} applies. */
    private boolean cutsAtSpaces(SubwordModel subwords) {
        return subwords instanceof BytePairEncoding
                && model.path("continuing_subword_prefix").asString("").isEmpty()
                && vocabulary.find(String.valueOf(Metaspace.SPACE)) != Vocabulary.NONE;
    }

    // --- vocabulary

    private Vocabulary vocabulary() {
        Map<Integer, String> pieces = new HashMap<>();
        JsonNode vocab = model.path("vocab");
        if (vocab.isArray()) {
            for (JsonNode entry : vocab) {
                if (!entry.path(0).isString() || !entry.path(1).isNumber()) {
                    throw damaged("vocabulary entry " + pieces.size() + " is no pair of piece and score");
                }
                pieces.put(pieces.size(), entry.path(0).stringValue());
            }
        } else if (vocab.isObject()) {
            for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
                String other = pieces.put(id(entry.getValue(), entry.getKey()), entry.getKey());
                if (other != null) {
                    throw damaged("the tokens \"" + other + "\" and \"" + entry.getKey() + "\" share an id");
                }
            }
        } else {
            throw damaged("the model has no vocabulary");
        }
        Map<String, Integer> ids = new HashMap<>();
        pieces.forEach((id, piece) -> ids.put(piece, id));
        int limit =
                metadata.has("tokenizer.ggml.tokens") ? metadata.strings("tokenizer.ggml.tokens").length : MOST_TOKENS;
        Map<Integer, Kind> marked = new HashMap<>();
        for (JsonNode token : root.path("added_tokens")) {
            add(token, limit, pieces, ids, marked);
        }
        int size = pieces.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        if (size > limit) {
            throw new DemoticException("tokenizer.json has " + size + " tokens, but the model knows " + limit
                    + "; the tokenizer belongs to another model");
        }
        size = limit == MOST_TOKENS ? size : limit;
        @Nullable String[] byId = new @Nullable String[size];
        Kind[] kinds = new Kind[size];
        Arrays.fill(kinds, Kind.UNUSED);
        pieces.forEach((id, piece) -> {
            byId[id] = piece;
            kinds[id] = marked.getOrDefault(id, isByte(piece) ? Kind.BYTE : Kind.NORMAL);
        });
        return new Vocabulary(byId, kinds);
    }

    /** True for the piece of a byte token, if the model falls back to bytes. */
    private boolean isByte(String piece) {
        return Json.flag(model, "byte_fallback", false) && Vocabulary.byteOf(piece) != Vocabulary.NONE;
    }

    /** Adds a token that is matched before all else; some are meant for ids that this model does not have. */
    private void add(
            JsonNode token,
            int limit,
            Map<Integer, String> pieces,
            Map<String, Integer> ids,
            Map<Integer, Kind> marked) {
        String content = Json.string(token, "content");
        Integer known = ids.get(content);
        int id = known == null ? id(token.path("id"), content) : known;
        if (content.isEmpty() || id >= limit) {
            return;
        }
        String other = pieces.putIfAbsent(id, content);
        if (other != null && !other.equals(content)) {
            throw damaged("the tokens \"" + other + "\" and \"" + content + "\" share an id");
        }
        ids.put(content, id);
        boolean special = Json.flag(token, "special", false);
        marked.put(id, special ? Kind.CONTROL : Kind.USER_DEFINED);
        boolean matchesNormalized = Json.flag(token, "normalized", !special);
        AddedToken added = new AddedToken(
                matchesNormalized ? normalizer.normalize(content) : content,
                id,
                special,
                Json.flag(token, "lstrip", false),
                Json.flag(token, "rstrip", false),
                Json.flag(token, "single_word", false));
        (matchesNormalized ? normalized : raw).add(added);
    }

    private static int id(JsonNode id, String piece) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= MOST_TOKENS) {
            throw damaged("the token \"" + piece + "\" has no valid id");
        }
        return id.intValue();
    }

    private static DemoticException damaged(String what) {
        return new DemoticException("in tokenizer.json, " + what + "; get the file again");
    }

    // --- model

    private SubwordModel model() {
        String type = model.path("type").asString(model.has("merges") ? "BPE" : "");
        return switch (type) {
            case "BPE" -> bytePairEncoding();
            case "Unigram" -> unigram();
            case "WordPiece" ->
                new WordPiece(
                        vocabulary,
                        "",
                        Json.string(model, "continuing_subword_prefix"),
                        Json.count(model, "max_input_chars_per_word"),
                        token("unk_token"));
            default -> throw Json.unsupported("model", model);
        };
    }

    private SubwordModel bytePairEncoding() {
        String continuing = model.path("continuing_subword_prefix").asString("");
        if (!model.path("end_of_word_suffix").asString("").isEmpty()) {
            throw new DemoticException(
                    "tokenizer.json marks the ends of words with end_of_word_suffix, which Demotic does not "
                            + "support; use a model with another tokenizer");
        }
        JsonNode merges = model.path("merges");
        MergeTable table = new MergeTable(vocabulary, merges.size(), continuing.length());
        for (JsonNode merge : merges) {
            if (merge.isString()) {
                table.add(merge.stringValue());
            } else if (merge.path(0).isString() && merge.path(1).isString()) {
                table.add(merge.path(0).stringValue(), merge.path(1).stringValue());
            } else {
                throw damaged("a merge is no pair of pieces");
            }
        }
        return new BytePairEncoding(
                vocabulary,
                table,
                new Fallback(byteTokens(), token("unk_token")),
                new BytePairEncoding.Options(
                        Json.flag(model, "ignore_merges", false), Json.flag(model, "fuse_unk", false), continuing));
    }

    private int[] byteTokens() {
        return Json.flag(model, "byte_fallback", false) ? vocabulary.byteTokens() : new int[0];
    }

    private int token(String key) {
        JsonNode piece = model.path(key);
        int id = piece.isString() ? vocabulary.find(piece.stringValue()) : Vocabulary.NONE;
        if (piece.isString() && id == Vocabulary.NONE) {
            throw damaged("the " + key + " " + piece.stringValue() + " is no token");
        }
        return id;
    }

    private SubwordModel unigram() {
        double[] scores = new double[vocabulary.size()];
        double lowest = Double.POSITIVE_INFINITY;
        int id = 0;
        for (JsonNode entry : model.path("vocab")) {
            scores[id] = entry.path(1).doubleValue();
            lowest = Math.min(lowest, scores[id++]);
        }
        int unknown = Json.isAbsent(model.path("unk_id")) ? Vocabulary.NONE : Json.count(model, "unk_id");
        if (unknown >= id) {
            throw damaged("unk_id is " + unknown + ", but there are " + id + " tokens");
        }
        return new Unigram(vocabulary, scores, lowest, new Fallback(byteTokens(), unknown));
    }

    // --- normalizers

    private static Normalizer normalizer(JsonNode node) {
        if (Json.isAbsent(node)) {
            return Normalizer.NONE;
        }
        return switch (Json.type(node)) {
            case "Sequence" -> Normalizer.sequence(Json.list(node, "normalizers", TokenizerJson::normalizer));
            case "NFC" -> Normalizer.unicode(Form.NFC);
            case "NFD" -> Normalizer.unicode(Form.NFD);
            case "NFKC" -> Normalizer.unicode(Form.NFKC);
            case "NFKD" -> Normalizer.unicode(Form.NFKD);
            case "Lowercase" -> Normalizer.lowercase();
            case "StripAccents" -> Normalizer.remove(Characters::isMark);
            case "Strip" -> Normalizer.strip(Json.flag(node, "strip_left", true), Json.flag(node, "strip_right", true));
            case "Prepend" -> Normalizer.prepend(Json.string(node, "prepend"));
            case "Replace" -> Normalizer.replace(pattern(node), Json.string(node, "content"));
            case "Precompiled" -> characterMap(node);
            case "ByteLevel" -> ByteLevel::encode;
            case "BertNormalizer" -> {
                boolean lowercase = Json.flag(node, "lowercase", true);
                yield new BertNormalizer(
                        Json.flag(node, "clean_text", true),
                        Json.flag(node, "handle_chinese_chars", true),
                        Json.flag(node, "strip_accents", lowercase),
                        lowercase);
            }
            default -> throw Json.unsupported("normalizer", node);
        };
    }

    private static Normalizer characterMap(JsonNode node) {
        String encoded = node.path("precompiled_charsmap").asString("");
        try {
            return encoded.isEmpty()
                    ? Normalizer.NONE
                    : new CharacterMap(Base64.getDecoder().decode(encoded)).byCluster();
        } catch (IllegalArgumentException e) {
            throw new DemoticException("in tokenizer.json, precompiled_charsmap is no Base64; get the file again", e);
        }
    }

    /** The pattern of a component: a literal, or an expression in Oniguruma's dialect. */
    private static Pattern pattern(JsonNode node) {
        JsonNode pattern = node.path("pattern");
        return pattern.path("String").isString()
                ? Pattern.compile(Pattern.quote(pattern.path("String").stringValue()))
                : Oniguruma.compile(Json.string(pattern, "Regex"));
    }

    // --- pre-tokenizers

    static PreTokenizer preTokenizer(JsonNode node) {
        if (Json.isAbsent(node)) {
            return PreTokenizer.WHOLE;
        }
        return switch (Json.type(node)) {
            case "Sequence" -> PreTokenizer.sequence(Json.list(node, "pretokenizers", TokenizerJson::preTokenizer));
            case "ByteLevel" -> byteLevel(node);
            case "Split" -> split(node);
            case "Digits" ->
                new Split(
                        Oniguruma.compile("\\p{N}"),
                        Json.flag(node, "individual_digits", false)
                                ? Split.Behavior.ISOLATED
                                : Split.Behavior.CONTIGUOUS,
                        false);
            case "Punctuation" ->
                new Split(
                        Oniguruma.compile(PUNCTUATION),
                        behavior(node.path("behavior").asString("Isolated")),
                        false);
            case "Whitespace" -> new Split(WORDS, Split.Behavior.REMOVED, true);
            case "WhitespaceSplit" -> new Split(Oniguruma.compile("\\s"), Split.Behavior.REMOVED, false);
            case "CharDelimiterSplit" ->
                new Split(
                        Pattern.compile(Pattern.quote(Json.string(node, "delimiter"))), Split.Behavior.REMOVED, false);
            case "BertPreTokenizer" -> bertPreTokenizer();
            case "Metaspace" -> metaspace(node);
            default -> throw Json.unsupported("pre-tokenizer", node);
        };
    }

    private static PreTokenizer byteLevel(JsonNode node) {
        PreTokenizer bytes = PreTokenizer.byteLevel();
        if (Json.flag(node, "use_regex", true)) {
            bytes = Split.isolated(NamedPreTokenizers.GPT2).then(bytes);
        }
        PreTokenizer prefixed = bytes;
        return Json.flag(node, "add_prefix_space", true)
                ? (text, first, out) -> prefixed.split(text.startsWith(" ") ? text : " " + text, first, out)
                : bytes;
    }

    private static PreTokenizer split(JsonNode node) {
        boolean invert = Json.flag(node, "invert", false);
        Split.Behavior behavior = behavior(Json.string(node, "behavior"));
        String expression = node.path("pattern").path("Regex").asString("");
        if (behavior == Split.Behavior.ISOLATED && !invert && DigitTriples.EXPRESSIONS.contains(expression)) {
            return new DigitTriples(expression.equals(DigitTriples.ISOLATED));
        }
        return new Split(pattern(node), behavior, invert);
    }

    private static Split.Behavior behavior(String name) {
        return switch (name) {
            case "Removed" -> Split.Behavior.REMOVED;
            case "Isolated" -> Split.Behavior.ISOLATED;
            case "MergedWithPrevious" -> Split.Behavior.MERGED_WITH_PREVIOUS;
            case "MergedWithNext" -> Split.Behavior.MERGED_WITH_NEXT;
            case "Contiguous" -> Split.Behavior.CONTIGUOUS;
            default -> throw damaged("the split behavior " + name + " is unknown");
        };
    }

    private static PreTokenizer metaspace(JsonNode node) {
        String scheme =
                node.path("prepend_scheme").asString(Json.flag(node, "add_prefix_space", true) ? "always" : "never");
        Metaspace.Prepend prepend = switch (scheme) {
            case "always" -> Metaspace.Prepend.ALWAYS;
            case "first" -> Metaspace.Prepend.FIRST;
            case "never" -> Metaspace.Prepend.NEVER;
            default -> throw damaged("the prepend_scheme " + scheme + " is unknown");
        };
        return new Metaspace(Json.character(node, "replacement"), prepend, Json.flag(node, "split", true));
    }

    /** White space away, and every punctuation character a word of its own. */
    static PreTokenizer bertPreTokenizer() {
        return new Split(Oniguruma.compile("\\s+"), Split.Behavior.REMOVED, false).then(Split.isolated(PUNCTUATION));
    }

    // --- decoders

    private PieceDecoder decoder(JsonNode node) {
        if (Json.isAbsent(node)) {
            return new PieceDecoder(UnaryOperator.identity(), false, false, LeadingSpace.NONE);
        }
        List<JsonNode> steps =
                Json.type(node).equals("Sequence") ? Json.list(node, "decoders", step -> step) : List.of(node);
        UnaryOperator<String> rewrite = UnaryOperator.identity();
        boolean byteLevel = false;
        boolean byteFallback = false;
        LeadingSpace leading = LeadingSpace.NONE;
        for (JsonNode step : steps) {
            switch (Json.type(step)) {
                case "ByteLevel" -> byteLevel = true;
                case "ByteFallback" -> byteFallback = true;
                case "Fuse" -> {}
                case "Replace" -> {
                    Pattern pattern = pattern(step);
                    String by = Matcher.quoteReplacement(Json.string(step, "content"));
                    rewrite = after(rewrite, piece -> pattern.matcher(piece).replaceAll(by));
                }
                case "Strip" -> {
                    if (!Json.string(step, "content").equals(" ")
                            || Json.count(step, "start") > 1
                            || Json.count(step, "stop") > 0) {
                        throw Json.unsupported("decoder", step);
                    }
                    leading = Json.count(step, "start") == 1 ? LeadingSpace.ONE : leading;
                }
                case "Metaspace" -> {
                    char space = Json.character(step, "replacement");
                    rewrite = after(rewrite, piece -> piece.replace(space, ' '));
                    boolean never =
                            step.path("prepend_scheme").asString("always").equals("never")
                                    || !Json.flag(step, "add_prefix_space", true);
                    leading = never ? leading : LeadingSpace.ALL;
                }
                case "WordPiece" -> {
                    String prefix = Json.string(step, "prefix");
                    rewrite = after(
                            rewrite,
                            piece -> piece.startsWith(prefix) ? piece.substring(prefix.length()) : " " + piece);
                    leading = LeadingSpace.ONE;
                }
                default -> throw Json.unsupported("decoder", step);
            }
        }
        return new PieceDecoder(rewrite, byteLevel, byteFallback, leading);
    }

    private static UnaryOperator<String> after(UnaryOperator<String> first, UnaryOperator<String> next) {
        return piece -> next.apply(first.apply(piece));
    }

    // --- special tokens

    private SpecialTokens specials() {
        int bos = Vocabulary.NONE;
        int eos = Vocabulary.NONE;
        for (JsonNode step : processors(root.path("post_processor"))) {
            switch (Json.type(step)) {
                case "ByteLevel" -> {}
                case "TemplateProcessing" -> {
                    JsonNode single = step.path("single");
                    bos = template(single, 0, bos);
                    eos = template(single, single.size() - 1, eos);
                }
                case "BertProcessing", "RobertaProcessing" -> {
                    bos = Math.max(bos, vocabulary.find(step.path("cls").path(0).asString("")));
                    eos = Math.max(eos, vocabulary.find(step.path("sep").path(0).asString("")));
                }
                default -> throw Json.unsupported("post-processor", step);
            }
        }
        boolean addsBos = bos != Vocabulary.NONE;
        boolean addsEos = eos != Vocabulary.NONE;
        return GgufTokenizer.specials(metadata, vocabulary, bos, addsEos ? eos : knownEnd(), addsBos, addsEos);
    }

    private static List<JsonNode> processors(JsonNode node) {
        if (Json.isAbsent(node)) {
            return List.of();
        }
        return Json.type(node).equals("Sequence") ? Json.list(node, "processors", step -> step) : List.of(node);
    }

    private int template(JsonNode single, int position, int otherwise) {
        int id = vocabulary.find(
                single.path(position).path("SpecialToken").path("id").asString(""));
        return id == Vocabulary.NONE ? otherwise : id;
    }

    /** The end of a document under the names that it commonly has, for files that do not say. */
    private int knownEnd() {
        for (String piece : List.of("</s>", "<|end_of_text|>", "<|endoftext|>", "<eos>", "<｜end▁of▁sentence｜>")) {
            int id = vocabulary.find(piece);
            if (id != Vocabulary.NONE && vocabulary.kind(id) == Kind.CONTROL) {
                return id;
            }
        }
        return Vocabulary.NONE;
    }
}
