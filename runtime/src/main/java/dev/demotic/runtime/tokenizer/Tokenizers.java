package dev.demotic.runtime.tokenizer;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.format.Metadata;
import java.util.Optional;

/** Where tokenizers come from: a model's metadata, or a tokenizer.json. */
public final class Tokenizers {
    private Tokenizers() {}

    /**
     * The tokenizer that a model's metadata describes.
     *
     * <p>A {@code tokenizer.huggingface.json} is preferred, since it says exactly how text is cut, where the other keys only
     * name a known way.
     *
     * @throws DemoticException if keys are missing or contradict each other, or the tokenizer is of an unknown kind
     */
    public static Tokenizer of(Metadata metadata) {
        Optional<String> json = metadata.findString("tokenizer.huggingface.json");
        return json.isPresent() ? ofJson(json.get(), metadata) : GgufTokenizer.of(metadata);
    }

    /**
     * The tokenizer that the text of a tokenizer.json describes; BOS and EOS are those of its post-processor.
     *
     * @throws DemoticException if the text is damaged, or holds a component that Demotic has not
     */
    public static Tokenizer ofJson(String json) {
        return ofJson(json, new Metadata());
    }

    /**
     * The tokenizer that the text of a tokenizer.json describes, with what the file itself leaves open.
     *
     * @param metadata may hold the ids of BOS and EOS and whether they are added, under GGUF's keys, and the model's tokens,
     *     whose number is then the number of ids
     * @throws DemoticException if the text is damaged, or holds a component that Demotic has not
     */
    public static Tokenizer ofJson(String json, Metadata metadata) {
        return TokenizerJson.read(json, metadata);
    }
}
