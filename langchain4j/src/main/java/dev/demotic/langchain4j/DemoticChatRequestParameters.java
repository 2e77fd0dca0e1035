package dev.demotic.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** LangChain4j's parameters, and those that Demotic has besides. What is not set is null, and taken from the model's defaults. */
public final class DemoticChatRequestParameters extends DefaultChatRequestParameters {
    private final @Nullable Double minP;
    private final @Nullable Double repetitionPenalty;
    private final @Nullable Long seed;
    private final @Nullable String method;

    private DemoticChatRequestParameters(Builder builder) {
        super(builder);
        minP = builder.minP;
        repetitionPenalty = builder.repetitionPenalty;
        seed = builder.seed;
        method = builder.method;
    }

    /** Tokens less likely than this share of the likeliest are dropped. */
    public @Nullable Double minP() {
        return minP;
    }

    /** Above 1 makes tokens less likely that were there before. */
    public @Nullable Double repetitionPenalty() {
        return repetitionPenalty;
    }

    /** The same seed, messages and parameters give the same reply. */
    public @Nullable Long seed() {
        return seed;
    }

    /** The decoding method as on the command line: {@code suffix}, {@code draft:tokens=4}. */
    public @Nullable String method() {
        return method;
    }

    @Override
    public DemoticChatRequestParameters overrideWith(ChatRequestParameters that) {
        return builder().overrideWith(this).overrideWith(that).build();
    }

    @Override
    public DemoticChatRequestParameters defaultedBy(ChatRequestParameters that) {
        return builder().overrideWith(that).overrideWith(this).build();
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof DemoticChatRequestParameters that
                && super.equals(that)
                && Objects.equals(minP, that.minP)
                && Objects.equals(repetitionPenalty, that.repetitionPenalty)
                && Objects.equals(seed, that.seed)
                && Objects.equals(method, that.method);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), minP, repetitionPenalty, seed, method);
    }

    @Override
    public String toString() {
        return "%s, minP=%s, repetitionPenalty=%s, seed=%s, method=%s"
                .formatted(super.toString(), minP, repetitionPenalty, seed, method);
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Sets parameters one by one. */
    public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
        private @Nullable Double minP;
        private @Nullable Double repetitionPenalty;
        private @Nullable Long seed;
        private @Nullable String method;

        private Builder() {}

        public Builder minP(@Nullable Double share) {
            minP = share;
            return this;
        }

        public Builder repetitionPenalty(@Nullable Double factor) {
            repetitionPenalty = factor;
            return this;
        }

        public Builder seed(@Nullable Long number) {
            seed = number;
            return this;
        }

        public Builder method(@Nullable String name) {
            method = name;
            return this;
        }

        @Override
        public Builder overrideWith(ChatRequestParameters parameters) {
            super.overrideWith(parameters);
            if (parameters instanceof DemoticChatRequestParameters more) {
                minP = more.minP == null ? minP : more.minP;
                repetitionPenalty = more.repetitionPenalty == null ? repetitionPenalty : more.repetitionPenalty;
                seed = more.seed == null ? seed : more.seed;
                method = more.method == null ? method : more.method;
            }
            return this;
        }

        @Override
        public DemoticChatRequestParameters build() {
            return new DemoticChatRequestParameters(this);
        }
    }
}
