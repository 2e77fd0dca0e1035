package dev.demotic.runtime.format.huggingface;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * The tokenizer of a model folder as GGUF metadata.
 *
 * <p>A tokenizer.json can say more than GGUF's keys, so its text goes along under {@code tokenizer.huggingface.json}.
 */
final class TokenizerMetadata {
    /** GGUF's token types. */
    private static final int NORMAL = 1;

    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private static final Pattern BYTE_PIECE = Pattern.compile("<0x[0-9A-F]{2}>");

    /** GGUF's names for the three kinds of tokenizer. */
    private static final String BYTE_LEVEL_BPE = "gpt2";

    private static final String SENTENCEPIECE_BPE = "llama";
    private static final String UNIGRAM = "t5";

    private final Path folder;
    private final String json;
    private final Config tokenizer;
    private final Config model;
    private final String kind;
    private final Map<String, Integer> ids = new HashMap<>();
    private final String[] tokens;
    private final int[] types;
    private final float[] scores;
    private final Set<Integer> addedBeyond;

    private TokenizerMetadata(Path folder, String json, int vocabularySize) {
        this.folder = folder;
        this.json = json;
        this.tokenizer = Config.parse(folder.resolve("tokenizer.json"), json);
        this.model = tokenizer.object("model");
        this.kind = kind();
        this.tokens = new String[vocabularySize];
        this.types = new int[vocabularySize];
        this.scores = new float[vocabularySize];
        this.addedBeyond = addedBeyond();
        Arrays.fill(types, UNUSED);
        readVocabulary();
        readAddedTokens();
        for (int id = 0; id < tokens.length; id++) {
            if (types[id] == UNUSED) {
                tokens[id] = "[PAD" + id + "]";
            }
        }
    }

    /**
     * Reads the tokenizer's files; empty where the folder holds weights alone.
     *
     * @param vocabularySize rows of the model's embedding
     * @throws DemoticException if tokenizer.json is damaged, or missing beside other files of a tokenizer, or has tokens
     *     that the model lacks
     */
    static Optional<TokenizerMetadata> read(Path folder, int vocabularySize) {
        Path file = folder.resolve("tokenizer.json");
        if (Files.exists(file)) {
            return Optional.of(new TokenizerMetadata(folder, Config.text(file), vocabularySize));
        }
        if (Files.exists(folder.resolve("tokenizer.model"))) {
            throw new DemoticException(
                    folder + " holds tokenizer.model, but not the tokenizer.json that Demotic reads; "
                            + "save the tokenizer with Hugging Face's AutoTokenizer to get one");
        }
        if (Files.exists(folder.resolve("tokenizer_config.json"))) {
            throw new DemoticException(file + " is missing; download it");
        }
        return Optional.empty();
    }

    private String kind() {
        String type = model.string("type").orElse("BPE");
        if (type.equals("Unigram")) {
            return UNIGRAM;
        }
        if (type.equals("BPE") && (uses("pre_tokenizer", "ByteLevel") || uses("decoder", "ByteLevel"))) {
            return BYTE_LEVEL_BPE;
        }
        if (type.equals("BPE") && model.flag("byte_fallback", false)) {
            return SENTENCEPIECE_BPE;
        }
        throw new DemoticException(tokenizer.file() + " describes a " + type
                + " tokenizer, but Demotic reads byte-level BPE, BPE with byte fallback, and Unigram");
    }

    private void readVocabulary() {
        JsonNode vocabulary = model.node("vocab");
        if (kind.equals(UNIGRAM) ? !vocabulary.isArray() : !vocabulary.isObject()) {
            throw model.misfit("vocab", kind.equals(UNIGRAM) ? "a list" : "an object");
        }
        if (kind.equals(UNIGRAM)) {
            for (int id = 0; id < vocabulary.size(); id++) {
                JsonNode piece = vocabulary.get(id);
                if (!piece.path(0).isString() || !piece.path(1).isNumber()) {
                    throw malformed("vocabulary entry " + id, "no pair of piece and score");
                }
                add(piece.get(0).stringValue(), id);
                scores[id] = piece.get(1).floatValue();
            }
        } else {
            for (Map.Entry<String, JsonNode> piece : vocabulary.properties()) {
                JsonNode id = piece.getValue();
                if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                    throw malformed("token " + piece.getKey(), "no valid id");
                }
                add(piece.getKey(), id.intValue());
            }
        }
        unknownToken().ifPresent(id -> types[id] = kind.equals(BYTE_LEVEL_BPE) ? NORMAL : UNKNOWN);
    }

    private void add(String piece, int id) {
        if (id >= tokens.length && addedBeyond.contains(id)) {
            return;
        }
        if (id >= tokens.length) {
            throw new DemoticException(tokenizer.file() + " gives token " + piece + " the id " + id
                    + ", but the model knows " + tokens.length + " tokens; the tokenizer belongs to another model");
        }
        if (types[id] != UNUSED) {
            throw malformed("token " + piece, "the id of another token");
        }
        ids.putIfAbsent(piece, id);
        tokens[id] = piece;
        types[id] = !kind.equals(BYTE_LEVEL_BPE) && BYTE_PIECE.matcher(piece).matches() ? BYTE : NORMAL;
    }

    private Optional<Integer> unknownToken() {
        if (kind.equals(UNIGRAM)) {
            return model.has("unk_id") ? Optional.of(model.whole("unk_id", 0, 0, tokens.length - 1)) : Optional.empty();
        }
        return model.string("unk_token").map(ids::get);
    }

    /** Ids of added tokens that the model has no embedding for, such as the image placeholders of text-only models. */
    private Set<Integer> addedBeyond() {
        Set<Integer> beyond = new HashSet<>();
        for (JsonNode added : tokenizer.node("added_tokens")) {
            if (id(added) >= tokens.length) {
                beyond.add(id(added));
            }
        }
        return beyond;
    }

    private void readAddedTokens() {
        for (JsonNode added : tokenizer.node("added_tokens")) {
            String content = added.path("content").asString("");
            int id = id(added);
            if (content.isEmpty()) {
                throw malformed("added token " + id, "no content");
            }
            if (addedBeyond.contains(id)) {
                continue;
            }
            ids.put(content, id);
            tokens[id] = content;
            if (types[id] != UNKNOWN) {
                types[id] = added.path("special").asBoolean(false) ? CONTROL : USER_DEFINED;
            }
        }
    }

    private int id(JsonNode addedToken) {
        JsonNode id = addedToken.path("id");
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
            throw malformed("an added token", "no valid id");
        }
        return id.intValue();
    }

    void writeTo(Metadata metadata) {
        metadata.put("tokenizer.ggml.model", kind);
        if (kind.equals(BYTE_LEVEL_BPE)) {
            PreTokenizer.name(tokenizer.node("pre_tokenizer"))
                    .ifPresent(name -> metadata.put("tokenizer.ggml.pre", name));
        } else {
            metadata.put("tokenizer.ggml.pre", "default");
        }
        metadata.put("tokenizer.ggml.tokens", tokens);
        String[] merges = kind.equals(UNIGRAM) ? new String[0] : merges();
        if (kind.equals(BYTE_LEVEL_BPE)) {
            metadata.put("tokenizer.ggml.token_type", types).put("tokenizer.ggml.merges", merges);
        } else {
            if (kind.equals(SENTENCEPIECE_BPE)) {
                scoreByMerges(merges);
            }
            metadata.put("tokenizer.ggml.scores", scores)
                    .put("tokenizer.ggml.token_type", types)
                    .put("tokenizer.ggml.add_space_prefix", addsSpacePrefix())
                    .put("tokenizer.ggml.remove_extra_whitespaces", collapsesSpaces());
            precompiledMap()
                    .ifPresent(map -> metadata.put(
                            "tokenizer.ggml.precompiled_charsmap",
                            new Metadata.Value(Metadata.Type.ARRAY, Metadata.Type.UINT8, map)));
        }
        writeSpecialTokens(metadata);
        ChatTemplates.read(folder).writeTo(metadata);
        metadata.put("tokenizer.huggingface.json", json);
    }

    /** The merges in order, each as its two parts with a space between. */
    private String[] merges() {
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : model.node("merges")) {
            if (merge.isString()) {
                merges.add(merge.stringValue());
            } else if (merge.size() == 2
                    && merge.path(0).isString()
                    && merge.path(1).isString()) {
                merges.add(merge.get(0).stringValue() + " " + merge.get(1).stringValue());
            } else {
                throw malformed("merge " + merges.size(), "no pair of pieces");
            }
        }
        return merges.toArray(String[]::new);
    }

    /**
     * Scores under which SentencePiece's rule, to merge the pair whose union scores best, repeats the order of the merges:
     * a piece's score is how early a merge first makes it.
     */
    private void scoreByMerges(String[] merges) {
        Arrays.fill(scores, -merges.length);
        for (int rank = merges.length - 1; rank >= 0; rank--) {
            Integer id = ids.get(merges[rank].replace(" ", ""));
            if (id != null) {
                scores[id] = -rank;
            }
        }
        for (int id = 0; id < scores.length; id++) {
            if (types[id] != NORMAL) {
                scores[id] = 0;
            }
        }
    }

    private boolean addsSpacePrefix() {
        return steps("normalizer").stream()
                        .anyMatch(step -> step.path("type").asString("").equals("Prepend"))
                || steps("pre_tokenizer").stream()
                        .anyMatch(step -> step.path("type").asString("").equals("Metaspace")
                                && !step.path("prepend_scheme")
                                        .asString("always")
                                        .equals("never")
                                && step.path("add_prefix_space").asBoolean(true));
    }

    private boolean collapsesSpaces() {
        return steps("normalizer").stream()
                .anyMatch(
                        step -> step.path("pattern").path("Regex").asString("").equals(" {2,}"));
    }

    private Optional<byte[]> precompiledMap() {
        Optional<String> encoded = steps("normalizer").stream()
                .map(step -> step.path("precompiled_charsmap").asString(""))
                .filter(map -> !map.isEmpty())
                .findFirst();
        try {
            return encoded.map(Base64.getDecoder()::decode);
        } catch (IllegalArgumentException e) {
            throw malformed("precompiled_charsmap", "no Base64 text");
        }
    }

    private boolean uses(String part, String type) {
        return steps(part).stream()
                .anyMatch(step -> step.path("type").asString("").equals(type));
    }

    /** The steps of a part of the tokenizer, sequences laid flat. */
    private List<JsonNode> steps(String part) {
        List<JsonNode> steps = new ArrayList<>();
        flatten(tokenizer.node(part), steps);
        return steps;
    }

    private static void flatten(JsonNode step, List<JsonNode> steps) {
        steps.add(step);
        for (String inner : List.of("normalizers", "pretokenizers", "decoders", "processors")) {
            step.path(inner).forEach(child -> flatten(child, steps));
        }
    }

    private void writeSpecialTokens(Metadata metadata) {
        Config config = Config.read(folder.resolve("config.json"));
        Config tokenizerConfig = Config.readIfThere(folder.resolve("tokenizer_config.json"));
        Config map = Config.readIfThere(folder.resolve("special_tokens_map.json"));
        Config generation = Config.readIfThere(folder.resolve("generation_config.json"));
        List<Config> named = List.of(tokenizerConfig, map);

        Optional<Integer> bos = special(named, "bos_token", config);
        bos.ifPresent(id -> metadata.put("tokenizer.ggml.bos_token_id", id));

        Set<Integer> ends = new LinkedHashSet<>(tokenIds(generation, "eos_token_id"));
        special(named, "eos_token", config).ifPresent(ends::add);
        if (!generation.has("eos_token_id")) {
            ends.addAll(tokenIds(config, "eos_token_id"));
        }
        ends.stream().findFirst().ifPresent(id -> metadata.put("tokenizer.ggml.eos_token_id", id));
        if (ends.size() > 1) {
            metadata.put(
                    "tokenizer.ggml.eos_token_ids",
                    ends.stream().mapToInt(Integer::intValue).toArray());
        }

        special(named, "unk_token", config)
                .or(this::unknownToken)
                .ifPresent(id -> metadata.put("tokenizer.ggml.unknown_token_id", id));
        special(named, "pad_token", config).ifPresent(id -> metadata.put("tokenizer.ggml.padding_token_id", id));

        metadata.put(
                "tokenizer.ggml.add_bos_token",
                bos.isPresent() && tokenizerConfig.flag("add_bos_token", frames(bos.get(), true)));
        metadata.put(
                "tokenizer.ggml.add_eos_token",
                tokenizerConfig.flag("add_eos_token", ends.stream().anyMatch(end -> frames(end, false))));
    }

    /**
     * The id of a special token: by name from the first file that mentions it, where null says that there is none, else by
     * id from config.json.
     */
    private Optional<Integer> special(List<Config> files, String key, Config config) {
        for (Config file : files) {
            if (file.mentions(key)) {
                JsonNode token = file.node(key);
                String content = token.isObject() ? token.path("content").asString("") : token.asString("");
                return Optional.ofNullable(ids.get(content));
            }
        }
        return tokenIds(config, key + "_id").stream().findFirst();
    }

    /** Token ids under a key that holds one or a list; those that the model does not have are left out. */
    private List<Integer> tokenIds(Config file, String key) {
        JsonNode node = file.node(key);
        return StreamSupport.stream((node.isArray() ? node : List.of(node)).spliterator(), false)
                .filter(id -> id.isIntegralNumber() && id.canConvertToInt())
                .map(JsonNode::intValue)
                .filter(id -> id >= 0 && id < tokens.length)
                .toList();
    }

    /** True if the post-processor puts this token before (or behind) every text. */
    private boolean frames(int token, boolean before) {
        Set<String> framing = new HashSet<>();
        for (JsonNode step : steps("post_processor")) {
            JsonNode single = step.path("single");
            if (!single.isEmpty()) {
                JsonNode edge = single.get(before ? 0 : single.size() - 1);
                framing.add(edge.path("SpecialToken").path("id").asString(""));
            }
        }
        return framing.stream().map(ids::get).anyMatch(id -> id != null && id == token);
    }

    private DemoticException malformed(String where, String what) {
        return new DemoticException(tokenizer.file() + " gives " + where + " " + what + "; download it again");
    }
}
