package dev.demotic.runtime.format.huggingface;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Recognises by its steps which of the pre-tokenizers that GGUF knows by name a tokenizer.json describes. */
final class PreTokenizer {
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String CJK = "Split [一-龥ࠀ-一가-퟿]+";

    private static final Map<List<String>, String> NAMES = Map.ofEntries(
            Map.entry(List.of("ByteLevel regex"), "gpt-2"),
            Map.entry(List.of("Digits each", "ByteLevel regex"), "starcoder"),
            Map.entry(List.of("Punctuation", "ByteLevel regex", "Digits", "Split [0-9][0-9][0-9]"), "falcon"),
            Map.entry(List.of("Split " + tiktoken("\\p{N}{1,3}"), "ByteLevel"), "llama-bpe"),
            Map.entry(List.of("Split " + tiktoken("\\p{N}"), "ByteLevel"), "qwen2"),
            Map.entry(List.of("Split " + cased("\\p{N}", ""), "ByteLevel"), "tekken"),
            Map.entry(List.of("Split " + cased("\\p{N}{1,3}", CONTRACTIONS + "?"), "ByteLevel"), "gpt-4o"),
            Map.entry(
                    List.of(
                            "Split [\\r\\n]",
                            "Split \\s?\\p{L}+",
                            "Split \\s?\\p{P}+",
                            CJK,
                            "Digits each",
                            "ByteLevel"),
                    "deepseek-coder"),
            Map.entry(
                    List.of(
                            "Split \\p{N}{1,3}",
                            "Split [一-龥぀-ゟ゠-ヿ]+",
                            "Split [!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                                    + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                            "ByteLevel"),
                    "deepseek-v3"));

    private PreTokenizer() {}

    private static String tiktoken(String digits) {
        return CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    private static String cased(String digits, String contractions) {
        return "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                + contractions
                + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                + contractions
                + "|" + digits + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    /** The value of {@code tokenizer.ggml.pre} for a {@code pre_tokenizer}; empty where GGUF has no name for it. */
    static Optional<String> name(JsonNode preTokenizer) {
        List<String> steps = new ArrayList<>();
        collect(preTokenizer, steps);
        // DeepSeek LLM spells out every letter of the scripts with two cases; its other steps tell it as well.
        if (steps.size() == 7
                && steps.getFirst().equals("Split [\\r\\n]")
                && steps.get(1).startsWith("Split \\s?[A-Za-zµ")
                && steps.subList(3, 7).equals(List.of("Split \\s+$", CJK, "Digits each", "ByteLevel"))) {
            return Optional.of("deepseek-llm");
        }
        return Optional.ofNullable(NAMES.get(steps));
    }

    private static void collect(JsonNode step, List<String> steps) {
        String type = step.path("type").asString("");
        switch (type) {
            case "Sequence" -> step.path("pretokenizers").forEach(inner -> collect(inner, steps));
            case "Split" ->
                steps.add("Split "
                        + step.path("pattern")
                                .path("Regex")
                                .asString("")
                                .replace("\r", "\\r")
                                .replace("\n", "\\n"));
            case "Digits" -> steps.add(step.path("individual_digits").asBoolean(false) ? "Digits each" : "Digits");
            case "ByteLevel" -> steps.add(step.path("use_regex").asBoolean(true) ? "ByteLevel regex" : "ByteLevel");
            default -> steps.add(type);
        }
    }
}
