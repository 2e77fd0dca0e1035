package dev.demotic.runtime.calibration;

import static java.util.Objects.requireNonNull;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.LanguageModel;
import dev.demotic.runtime.ModelOptions;
import dev.demotic.runtime.Pass;
import dev.demotic.runtime.Sequence;
import dev.demotic.runtime.backend.Backend;
import dev.demotic.runtime.format.ModelSource;
import dev.demotic.runtime.format.Rounding;
import dev.demotic.runtime.model.Decoder;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * How a model's matrices are to be rounded so that the errors cancel on a text: the second moment of what each of them reads there
 * (Frantar et al., GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers, 2022).
 *
 * <p>The embeddings and the output layer are not calibrated: the one table serves both in many models.
 */
public final class Calibration implements Rounding {
    /** Tokens that are read together and know nothing of those before them, unless the model's context is shorter. */
    private static final int WINDOW = 512;
    /** The most windows that are read, spread evenly over the text: more change the result little. */
    private static final int WINDOWS = 64;

    private final Map<String, Feedback> feedback;

    private Calibration(Map<String, Feedback> feedback) {
        this.feedback = feedback;
    }

    /**
     * Reads a text with a model.
     *
     * @param source the model, best in F32, F16 or BF16; closed at the end
     * @param tokens the text, at least 512 tokens; at most 64 windows of so many are read
     * @param progress hears the share that is done
     * @throws DemoticException if the text is too short, the model cannot be run, or the Java heap too small for its widths
     */
    public static Calibration of(ModelSource source, int[] tokens, DoubleConsumer progress) {
        int window = Math.min(WINDOW, Decoder.configOf(source).trainedContext());
        int available = tokens.length / window;
        if (available == 0) {
            source.close();
            throw new DemoticException("a text of %,d tokens is too short to calibrate with; give one of at least %d"
                    .formatted(tokens.length, window));
        }
        int windows = Math.min(available, WINDOWS);
        ObservedBackend[] observed = new ObservedBackend[1];
        UnaryOperator<Backend> observer = backend ->
                observed[0] = new ObservedBackend(backend, Runtime.getRuntime().maxMemory() / 4);
        ModelOptions options = ModelOptions.defaults().withContext(window).withSequences(1);
        try (LanguageModel model = LanguageModel.open(source, options, observer)) {
            for (int i = 0; i < windows; i++) {
                int at = (int) ((long) i * available / windows) * window;
                read(model, Arrays.copyOfRange(tokens, at, at + window));
                progress.accept((i + 1.0) / windows);
            }
        }
        return new Calibration(feedback(observed[0].moments()));
    }

    private static void read(LanguageModel model, int[] window) {
        try (Sequence sequence = model.newSequence(window.length)) {
            sequence.forward(Pass.of(window).withLogits(Pass.Logits.NONE));
        }
    }

    private static Map<String, Feedback> feedback(Map<String, SecondMoment> moments) {
        Map<SecondMoment, Optional<Feedback>> factors = new HashSet<>(moments.values())
                .parallelStream().collect(Collectors.toConcurrentMap(moment -> moment, Feedback::of));
        Map<String, Feedback> byName = new HashMap<>();
        moments.forEach(
                (name, moment) -> requireNonNull(factors.get(moment)).ifPresent(known -> byName.put(name, known)));
        return byName;
    }

    @Override
    public boolean knows(Tensor tensor) {
        Feedback known = feedback.get(tensor.name());
        return known != null && known.width() == tensor.columns();
    }

    @Override
    public byte[] round(Tensor tensor, float[] values, int rows) {
        Feedback known = feedback.get(tensor.name());
        if (known == null) {
            throw new IllegalArgumentException("nothing is known of " + tensor.name());
        }
        FeedbackRounding rounding = new FeedbackRounding(known);
        int bytes = Math.toIntExact(TensorType.Q8_0.bytes(known.width()));
        byte[] blocks = new byte[rows * bytes];
        for (int row = 0; row < rows; row++) {
            rounding.round(values, row * known.width(), blocks, row * bytes);
        }
        return blocks;
    }
}
