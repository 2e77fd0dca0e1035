package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import java.util.ArrayList;
import java.util.List;

/**
 * The pre-tokenizers that {@code tokenizer.ggml.pre} names, as lists of regular expressions applied one after the other.
 *
 * <p>Source: the tokenizer.json of the models that the names come from, and llama.cpp's list of names.
 */
final class NamedPreTokenizers {
    /**
     * A pre-tokenizer and what goes with its name.
     *
     * @param wholeWords words that are tokens are not built from merges
     * @param addsBos the model wants BOS unless the file says otherwise
     * @param visibleSpaces the vocabulary writes spaces as {@link Metaspace#SPACE} and unknown characters as byte tokens,
     *     instead of using GPT-2's byte alphabet
     */
    record Named(PreTokenizer preTokenizer, boolean wholeWords, boolean addsBos, boolean visibleSpaces) {}

    private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String SPACES = "\\s+(?!\\S)|\\s+";
    private static final String LINES_AND_SPACES = "\\s*[\\r\\n]+|" + SPACES;
    private static final String SYMBOLS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";
    private static final String LETTERS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";

    static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|" + SPACES;
    private static final String LLAMA3 = words(CONTRACTION + "|", "\\p{N}{1,3}");
    private static final String QWEN2 = words(CONTRACTION + "|", "\\p{N}");

    /** Words split where lower case turns to upper case, as GPT-4o and Mistral's Tekken have them. */
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";

    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String GPT4O = cased(CONTRACTION + "?", "\\p{N}{1,3}");
    private static final String TEKKEN = cased("", "\\p{N}");

    private static final String DEEPSEEK_CJK = "[\\u4E00-\\u9FA5\\u0800-\\u4E00\\uAC00-\\uD7FF]+";
    private static final String DEEPSEEK3_CJK = "[\\u4E00-\\u9FA5\\u3040-\\u309F\\u30A0-\\u30FF]+";
    private static final String DEEPSEEK3_WORDS =
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+";

    /** Letters with case, as of the Unicode version that DeepSeek's first tokenizer was made with. */
    private static final String DEEPSEEK_LETTERS = "\\s?[A-Za-z\\u00B5\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u01BA"
            + "\\u01BC-\\u01BF\\u01C4-\\u0293\\u0295-\\u02AF\\u0370-\\u0373\\u0376\\u0377\\u037B-\\u037D\\u037F\\u0386"
            + "\\u0388-\\u038A\\u038C\\u038E-\\u03A1\\u03A3-\\u03F5\\u03F7-\\u0481\\u048A-\\u052F\\u0531-\\u0556"
            + "\\u10A0-\\u10C5\\u13A0-\\u13F5\\u13F8-\\u13FD\\u1C90-\\u1CBA\\u1CBD-\\u1CBF\\u1D00-\\u1D2B\\u1D6B-\\u1D77"
            + "\\u1D79-\\u1D9A\\u1E00-\\u1F15\\u1F18-\\u1F1D\\u1F20-\\u1F45\\u1F48-\\u1F4D\\u1F50-\\u1F57\\u1F59\\u1F5B"
            + "\\u1F5D\\u1F5F-\\u1F7D\\u1F80-\\u1FB4\\u1FB6-\\u1FBC\\u1FBE\\u1FC2-\\u1FC4\\u1FC6-\\u1FCC\\u1FD0-\\u1FD3"
            + "\\u1FD6-\\u1FDB\\u1FE0-\\u1FEC\\u1FF2-\\u1FF4\\u1FF6-\\u1FFC\\u2102\\u2107\\u210A-\\u2113\\u2115"
            + "\\u2119-\\u211D\\u2124\\u2126\\u2128\\u212A-\\u212D\\u212F-\\u2134\\u2139\\u213C-\\u213F\\u2145-\\u2149"
            + "\\u214E\\u2183\\u2184\\u2C00-\\u2C7B\\u2C7E-\\u2CE4\\u2CEB-\\u2CEE\\u2CF2\\u2CF3\\uA640-\\uA66D"
            + "\\uA680-\\uA69B\\uA722-\\uA76F\\uA771-\\uA787\\uA78B-\\uA78E\\uAB70-\\uABBF\\uFB00-\\uFB06\\uFB13-\\uFB17"
            + "\\uFF21-\\uFF3A\\uFF41-\\uFF5A\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}"
            + "\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}]+";

    private static final String KIMI_UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";
    private static final String KIMI_LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";

    private NamedPreTokenizers() {}

    /**
     * The pre-tokenizer of this name.
     *
     * @throws DemoticException if the name is unknown
     */
    static Named of(String name) {
        return switch (name) {
            case "gpt-2",
                    "phi-2",
                    "mpt",
                    "olmo",
                    "jais",
                    "trillion",
                    "granite-docling",
                    "exaone4",
                    "gigachat",
                    "a.x-4.0",
                    "mellum",
                    "modern-bert",
                    "jina-es",
                    "jina-de",
                    "jina-v2-es",
                    "jina-v2-de",
                    "jina-v1-en",
                    "jina-v2-code",
                    "roberta-bpe" -> plain(GPT2);
            case "llama3",
                    "llama-v3",
                    "llama-bpe",
                    "falcon3",
                    "falcon-h1",
                    "pixtral",
                    "midm-2.0",
                    "lfm2",
                    "jina-v5-nano" -> new Named(isolate(LLAMA3), true, true, false);
            case "dbrx", "smaug-bpe", "glm4", "chatglm-bpe" -> plain(LLAMA3);
            case "qwen2",
                    "deepseek-r1-qwen",
                    "kormo",
                    "f2llmv2",
                    "megrez",
                    "stablelm2",
                    "hunyuan",
                    "solar-open",
                    "grok-2" -> plain(QWEN2);
            case "qwen35" ->
                plain(CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
                        + "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + LINES_AND_SPACES);
            case "ufakzeka" -> plain(words("", "\\p{N}"));
            case "laguna" -> plain("[^\\n]+|[\\n]+", QWEN2);
            case "minicpm5" -> wholeWords(isolate("\\p{N}{1,3}", words(CONTRACTION + "|", "\\p{N}+")));
            case "bailingmoe", "bailingmoe2", "llada-moe" ->
                plain(
                        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|"
                                + SPACES);
            case "seed-coder" ->
                plain(CONTRACTION + "|" + LETTERS + "|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" + LINES_AND_SPACES);
            case "exaone-moe" ->
                plain(CONTRACTION
                        + "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?"
                        + "|\\s*[\\r\\n]|" + SPACES);
            case "jais-2" ->
                plain(CONTRACTION + "|" + LETTERS + "|\\p{N}{1,3}|" + SYMBOLS
                        + "|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)"
                        + "|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}");
            case "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2" ->
                plain("\\p{N}", GPT2);
            case "falcon" -> plain("[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]");
            case "default", "" -> plain("[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
            case "deepseek-llm" ->
                plain(
                        "[\\r\\n]",
                        DEEPSEEK_LETTERS,
                        "\\s?[!-/:-~\\uFF01-\\uFF0F\\uFF1A-\\uFF5E\\u2018-\\u201F\\u3000-\\u3002]+",
                        "\\s+$",
                        DEEPSEEK_CJK,
                        "\\p{N}+");
            case "deepseek-coder" -> plain("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", DEEPSEEK_CJK, "\\p{N}");
            case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4" ->
                plain(
                        "\\p{N}{1,3}",
                        DEEPSEEK3_CJK,
                        DEEPSEEK3_WORDS + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" + LINES_AND_SPACES);
            case "spark2_5" ->
                plain(
                        "\\p{N}{1,3}",
                        DEEPSEEK3_CJK,
                        DEEPSEEK3_WORDS + "| ?[\\p{P}\\p{S}]+|[\\r\\n]|" + SPACES,
                        "\\p{N}");
            case "youtu" ->
                wholeWords(isolate(
                        "[\\uAC00-\\uD7A3\\u3131-\\u318E]+"
                                + "|[\\uFF01\\u2026\\u201C\\u201D\\u2018\\u2019\\u2014\\uFF1A\\uFF1B\\uFF0C\\u3001-\\u303F\\uFE30-\\uFE4F]+"
                                + "|[\\u3105-\\u312F]+|" + DEEPSEEK3_CJK,
                        cased(CONTRACTION + "?", "\\p{N}")));
            case "afmoe" ->
                bytes(isolate("\\d+")
                        .then(new DigitTriples(false))
                        .then(isolate(
                                "[\\u4E00-\\u9FFF\\u3400-\\u4DBF\\uF900-\\uFAFF\\u3040-\\u309F\\u30A0-\\u30FF\\uFF65-\\uFF9F"
                                        + "\\u2F00-\\u2FDF\\u0E40-\\u0E7F\\u0E80-\\u0EFF\\u1780-\\u17FF\\u1000-\\u109F"
                                        + "\\uAA60-\\uAA7F\\uA9E0-\\uA9FF\\uAC00-\\uD7AF\\u1100-\\u11FF]+",
                                DEEPSEEK3_WORDS + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" + LINES_AND_SPACES)));
            case "superbpe" -> bytes(isolate("\\p{N}+").then(new DigitTriples(false)));
            case "tiny_aya", "cohere2moe" -> bytes(new DigitTriples(true).then(isolate(GPT4O)));
            case "poro-chat", "bloom", "gpt3-finnish" -> plain(" ?[^(\\s|.,!?…。，、।۔،)]+");
            case "viking" -> plain(" ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}");
            case "tekken" -> new Named(isolate(TEKKEN), true, true, false);
            case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2" -> plain(GPT4O);
            case "granite-embed-multi-97m" -> wholeWords(isolate(GPT4O));
            case "kimi-k2" ->
                plain("\\p{Han}+|[^\\r\\n\\p{L}\\p{N}]?" + KIMI_UPPER + "*" + KIMI_LOWER + "+" + CONTRACTION
                        + "?|[^\\r\\n\\p{L}\\p{N}]?" + KIMI_UPPER + "+" + KIMI_LOWER + "*" + CONTRACTION
                        + "?|\\p{N}{1,3}|"
                        + SYMBOLS + "|" + LINES_AND_SPACES);
            case "chameleon" ->
                new Named(
                        isolate(
                                "<sentinel:[0-9]+>",
                                "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                                "([\\t\\n]|    |  )",
                                "\\p{N}",
                                "[\\p{P}!-/:-@\\[-`{-~]",
                                GPT2),
                        false,
                        true,
                        false);
            case "gemma4", "granite-embed-multi-311m" -> new Named(isolate("[^\\n]+|[\\n]+"), false, true, true);
            case "sarvam-moe" -> new Named(isolate("[^\\n]+|[\\n]+"), false, false, true);
            default ->
                throw new DemoticException(
                        "the file's pre-tokenizer " + name
                                + " is unknown; use the model's Hugging Face folder, whose tokenizer.json describes it in full");
        };
    }

    private static String words(String contraction, String numbers) {
        return contraction + LETTERS + "|" + numbers + "|" + SYMBOLS + "|" + LINES_AND_SPACES;
    }

    private static String cased(String ending, String numbers) {
        String start = "[^\\r\\n\\p{L}\\p{N}]?";
        return start + UPPER + "*" + LOWER + "+" + ending + "|" + start + UPPER + "+" + LOWER + "*" + ending + "|"
                + numbers + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + LINES_AND_SPACES;
    }

    private static Named plain(String... expressions) {
        return bytes(isolate(expressions));
    }

    private static Named bytes(PreTokenizer preTokenizer) {
        return new Named(preTokenizer, false, false, false);
    }

    private static Named wholeWords(PreTokenizer preTokenizer) {
        return new Named(preTokenizer, true, false, false);
    }

    private static PreTokenizer isolate(String... expressions) {
        List<PreTokenizer> steps = new ArrayList<>();
        for (String expression : expressions) {
            steps.add(Split.isolated(expression));
        }
        return PreTokenizer.sequence(steps);
    }
}
