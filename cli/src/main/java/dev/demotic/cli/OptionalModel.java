package dev.demotic.cli;

import dev.demotic.runtime.LanguageModel;
import java.util.Optional;

/**
 * A model that may not be there, to be closed if it is.
 *
 * @param model the model
 */
record OptionalModel(Optional<LanguageModel> model) implements AutoCloseable {
    static OptionalModel of(Optional<LanguageModel> model) {
        return new OptionalModel(model);
    }

    @Override
    public void close() {
        model.ifPresent(LanguageModel::close);
    }
}
