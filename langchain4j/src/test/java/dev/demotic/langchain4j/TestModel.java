package dev.demotic.langchain4j;

import dev.demotic.models.EmbeddedModel;
import dev.demotic.runtime.LanguageModel;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The embedded models, opened once for all tests. */
final class TestModel {
    static final LanguageModel TARGET = open(false);
    static final LanguageModel DRAFT = open(true);

    private TestModel() {}

    /** A model that can compute nothing more. */
    static LanguageModel closed() {
        LanguageModel model = open(true);
        model.tokenizer();
        model.close();
        return model;
    }

    private static LanguageModel open(boolean draft) {
        try {
            return LanguageModel.open(draft ? EmbeddedModel.draftPath() : EmbeddedModel.path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
