package dev.demotic.bench;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tokenizer.Tokenizer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;

/**
 * Reads the prompts of a benchmark.
 *
 * <p>JSON Lines, packed by gzip or not, give one prompt a line: from Spec-Bench ({@code turns}, of which the first counts, and
 * {@code category}), HumanEval ({@code prompt}, to be continued), or any that have a {@code question}, {@code instruction} or
 * {@code text}. Files named {@code *.bin} are streams of the model's own token ids, two bytes each, and give some prompts of
 * 96 tokens. Any other text file gives one prompt, its beginning, to be continued, for the task of its folder. What is no
 * text, and files whose names say that they are about the data, are left out.
 */
public final class PromptSet {
    private static final String BUILT_IN = "prompts.jsonl";
    private static final List<String> QUESTIONS = List.of("question", "instruction", "input");
    private static final List<String> TEXTS = List.of("prompt", "text", "content");
    private static final List<String> ABOUT = List.of("license", "licence", "readme", "notice");
    private static final int BEGINNING = 400;
    private static final int SLICES = 10;
    private static final int SLICE_TOKENS = 96;

    private PromptSet() {}

    /** The prompts that come with Demotic. */
    public static List<BenchPrompt> builtIn() {
        try (InputStream in = PromptSet.class.getResourceAsStream(BUILT_IN)) {
            if (in == null) {
                throw new IllegalStateException("this build comes without " + BUILT_IN);
            }
            return lines(BUILT_IN, "prompts", new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The prompts of a file, or of all files below a folder.
     *
     * @throws DemoticException if there is none, or a file cannot be read
     */
    public static List<BenchPrompt> of(Path place, Tokenizer tokenizer) {
        if (!Files.exists(place)) {
            throw new DemoticException("there is no file or folder " + place + "; name one with prompts");
        }
        List<BenchPrompt> prompts = new ArrayList<>();
        try (Stream<Path> files = Files.walk(place)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                prompts.addAll(read(file, tokenizer));
            }
        } catch (IOException | UncheckedIOException e) {
            throw new DemoticException(place + " cannot be read (" + e.getMessage() + ")", e);
        }
        if (prompts.isEmpty()) {
            throw new DemoticException(
                    place + " holds no prompts; give JSON Lines with turns, prompt, question or text, or text files");
        }
        return List.copyOf(prompts);
    }

    private static List<BenchPrompt> read(Path file, Tokenizer tokenizer) throws IOException {
        String name = String.valueOf(file.getFileName());
        String plainName = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
        String lower = plainName.toLowerCase(java.util.Locale.ROOT);
        if (name.startsWith(".") || ABOUT.stream().anyMatch(lower::startsWith)) {
            return List.of();
        }
        byte[] bytes;
        try (InputStream in = opened(file)) {
            bytes = in.readAllBytes();
        }
        Path folder = file.toAbsolutePath().getParent();
        String task = folder == null ? plainName : String.valueOf(folder.getFileName());
        if (lower.endsWith(".bin")) {
            return streams(plainName.replaceAll("(\\.val)?\\.bin$", ""), bytes, tokenizer);
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException binary) {
            return List.of();
        }
        if (text.isBlank() || text.indexOf('\0') >= 0) {
            return List.of();
        }
        return lower.endsWith(".jsonl") || lower.endsWith(".ndjson")
                ? lines(file.toString(), task, text)
                : List.of(new BenchPrompt(task, plainName, beginning(text), false));
    }

    /** Beginnings at places spread over a stream of token ids; none if it is no such stream. */
    private static List<BenchPrompt> streams(String task, byte[] bytes, Tokenizer tokenizer) {
        ShortBuffer ids = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        int[] tokens = IntStream.range(0, ids.limit())
                .map(i -> Short.toUnsignedInt(ids.get(i)))
                .toArray();
        List<BenchPrompt> prompts = new ArrayList<>();
        boolean isStream = bytes.length % 2 == 0 && IntStream.of(tokens).allMatch(token -> token < tokenizer.size());
        for (int i = 0; isStream && i < SLICES; i++) {
            int from = tokens.length / (SLICES + 1) * i;
            int[] slice = Arrays.copyOfRange(tokens, from, Math.min(from + SLICE_TOKENS, tokens.length));
            String text = tokenizer.decode(IntStream.of(slice)
                    .filter(token -> !tokenizer.isControl(token))
                    .toArray());
            if (!text.isBlank()) {
                prompts.add(new BenchPrompt(task, String.valueOf(i + 1), text, false));
            }
        }
        return prompts;
    }

    private static InputStream opened(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file));
        return file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
    }

    /** The first words of a text, up to the end of a line where there is one in reach. */
    private static String beginning(String text) {
        if (text.length() <= BEGINNING) {
            return text;
        }
        int line = text.lastIndexOf('\n', BEGINNING);
        int word = text.lastIndexOf(' ', BEGINNING);
        int end = line > BEGINNING / 2 ? line + 1 : word > 0 ? word : BEGINNING;
        return text.substring(0, end);
    }

    private static List<BenchPrompt> lines(String file, String task, String text) {
        return JsonLine.of(file, text).stream().map(line -> prompt(line, task)).toList();
    }

    private static BenchPrompt prompt(JsonLine line, String task) {
        JsonNode node = line.value();
        String category = text(node, List.of("category", "task"), task);
        String id = text(node, List.of("question_id", "task_id", "id"), String.valueOf(line.number()));
        JsonNode turns = node.path("turns");
        String question = turns.isArray() && !turns.isEmpty() ? turns.get(0).asString("") : text(node, QUESTIONS, "");
        String continued = text(node, TEXTS, "");
        if (question.isBlank() && continued.isBlank()) {
            throw line.refusal("has no prompt; it needs turns, prompt, question or text");
        }
        return question.isBlank()
                ? new BenchPrompt(category, id, continued, false)
                : new BenchPrompt(category, id, question, true);
    }

    private static String text(JsonNode node, List<String> names, String otherwise) {
        return names.stream()
                .map(node::path)
                .filter(value -> value.isString() || value.isNumber())
                .map(JsonNode::asString)
                .findFirst()
                .orElse(otherwise);
    }

    /** At most {@code most} prompts of each task, spread over it. */
    public static List<BenchPrompt> sample(List<BenchPrompt> prompts, int most) {
        Map<String, List<BenchPrompt>> byTask = new LinkedHashMap<>();
        prompts.forEach(prompt ->
                byTask.computeIfAbsent(prompt.task(), _ -> new ArrayList<>()).add(prompt));
        List<BenchPrompt> sample = new ArrayList<>();
        for (List<BenchPrompt> task : byTask.values()) {
            int count = Math.min(most, task.size());
            for (int i = 0; i < count; i++) {
                sample.add(task.get((int) ((long) i * task.size() / count)));
            }
        }
        return List.copyOf(sample);
    }
}
