package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.tokenizer.Tokenizer;
import dev.demotic.runtime.tokenizer.Tokenizers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code demotic tokenize}: text to token ids, and back. */
@Command(name = "tokenize", description = "Turns text into token ids, or token ids into text.")
final class TokenizeCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(
            arity = "0..*",
            paramLabel = "TEXT",
            description = "The text, or with --decode the token ids; - or nothing for standard input.")
    private List<String> words = List.of();

    @Option(names = "--special", description = "Let special tokens such as <|im_end|> match inside the text.")
    private boolean special;

    @Option(names = "--pieces", description = "Print each token on a line: its id and the text it stands for.")
    private boolean pieces;

    @Option(names = "--decode", description = "Turn token ids into text.")
    private boolean decode;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    TokenizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        try (ModelSource source = model.open(console)) {
            Tokenizer tokenizer = Tokenizers.of(source.metadata());
            String text = words.isEmpty() || words.equals(List.of("-")) ? console.readAll() : String.join(" ", words);
            int[] tokens = decode ? ids(text, tokenizer) : encode(text, tokenizer);
            if (json) {
                Json.print(console, describe(tokens, tokenizer));
            } else if (decode) {
                console.println(tokenizer.decode(tokens));
            } else if (pieces) {
                console.print(Arrays.stream(tokens)
                        .mapToObj(token -> "%6d %s%n".formatted(token, quoted(piece(token, tokenizer))))
                        .collect(Collectors.joining()));
            } else {
                console.println(Arrays.stream(tokens).mapToObj(String::valueOf).collect(Collectors.joining(" ")));
            }
        }
        return 0;
    }

    private int[] encode(String text, Tokenizer tokenizer) {
        return special ? tokenizer.encodeWithSpecials(text) : tokenizer.encode(text);
    }

    private static int[] ids(String text, Tokenizer tokenizer) {
        return Arrays.stream(text.split("[\\s,\\[\\]]+"))
                .filter(word -> !word.isEmpty())
                .mapToInt(word -> id(word, tokenizer))
                .toArray();
    }

    private static int id(String word, Tokenizer tokenizer) {
        Optional<Integer> id =
                Optional.of(word).filter(w -> w.matches("\\d{1,9}")).map(Integer::valueOf);
        return id.filter(token -> token < tokenizer.size())
                .orElseThrow(() -> new DemoticException(
                        "'" + word + "' is no token id of this model; they go from 0 to " + (tokenizer.size() - 1)));
    }

    private static Map<String, @Nullable Object> describe(int[] tokens, Tokenizer tokenizer) {
        return Json.object(
                "text", tokenizer.decode(tokens),
                "tokens", tokens,
                "pieces",
                        Arrays.stream(tokens)
                                .mapToObj(token -> piece(token, tokenizer))
                                .toList());
    }

    private static String piece(int token, Tokenizer tokenizer) {
        return new String(tokenizer.bytes(token), StandardCharsets.UTF_8);
    }

    private static String quoted(String piece) {
        return '"'
                + piece.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                        .replace("\t", "\\t")
                + '"';
    }
}
