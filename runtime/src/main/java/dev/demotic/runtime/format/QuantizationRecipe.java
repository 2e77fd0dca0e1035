package dev.demotic.runtime.format;

import dev.demotic.runtime.DemoticException;
import dev.demotic.runtime.tensor.Tensor;
import dev.demotic.runtime.tensor.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which type each tensor of a model gets, under the names and by the rules of llama.cpp ({@code llama-quant.cpp}).
 *
 * <p>Most weights get the base type. Vectors, norms, expert routers and the like stay F32. With a quantized base, the
 * output matrix (or the embedding that doubles as one) gets Q6_K, and the mixes give more bits to the weights that suffer
 * most: attention values and feed-forward outputs, in the first and last layers above all.
 */
public enum QuantizationRecipe {
    F32(0, TensorType.F32),
    F16(1, TensorType.F16),
    BF16(32, TensorType.BF16),
    Q8_0(7, TensorType.Q8_0),
    Q4_0(2, TensorType.Q4_0),
    Q4_1(3, TensorType.Q4_1),
    Q5_0(8, TensorType.Q5_0),
    Q5_1(9, TensorType.Q5_1),
    Q2_K(10, TensorType.Q2_K),
    Q3_K_S(11, TensorType.Q3_K),
    Q3_K_M(12, TensorType.Q3_K),
    Q3_K_L(13, TensorType.Q3_K),
    Q4_K_S(14, TensorType.Q4_K),
    Q4_K_M(15, TensorType.Q4_K),
    Q5_K_S(16, TensorType.Q5_K),
    Q5_K_M(17, TensorType.Q5_K),
    Q6_K(18, TensorType.Q6_K);

    private static final Map<String, QuantizationRecipe> SHORT_NAMES =
            Map.of("Q3_K", Q3_K_M, "Q4_K", Q4_K_M, "Q5_K", Q5_K_M);

    private static final List<String> UNQUANTIZED = List.of(
            "_norm.weight",
            "ffn_gate_inp.weight",
            "ffn_gate_inp_shexp.weight",
            "position_embd.weight",
            "token_types.weight",
            "attn_rel_b.weight",
            "ssm_conv1d.weight",
            "shortconv.conv.weight");

    private final int fileType;
    private final TensorType base;

    QuantizationRecipe(int fileType, TensorType base) {
        this.fileType = fileType;
        this.base = base;
    }

    /** The number that stands for this recipe in {@code general.file_type}. */
    public int fileType() {
        return fileType;
    }

    /** The type that most weights get. */
    public TensorType base() {
        return base;
    }

    /**
     * The recipe with this name, in upper or lower case; Q3_K, Q4_K and Q5_K mean their middle mixes.
     *
     * @throws DemoticException if there is none
     */
    public static QuantizationRecipe of(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(recipe -> recipe.name().equals(upper))
                .findFirst()
                .or(() -> Optional.ofNullable(SHORT_NAMES.get(upper)))
                .orElseThrow(() -> new DemoticException("there is no quantization " + name + "; take one of "
                        + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "))));
    }

    /** The type for a tensor of this model, whether or not its rows fit the blocks; see {@link #fitting}. */
    TensorType wanted(Tensor tensor, ModelSource model) {
        String name = tensor.name();
        if (tensor.shape().length < 2
                || !name.endsWith("weight")
                || UNQUANTIZED.stream().anyMatch(name::endsWith)) {
            return TensorType.F32;
        }
        return base.isQuantized() ? mixed(name, Place.of(name, model)) : base;
    }

    /** The type itself if rows of this width are whole blocks of it, or else the nearest one whose blocks fit. */
    static TensorType fitting(TensorType wanted, long columns) {
        if (columns % wanted.blockElements() == 0) {
            return wanted;
        }
        return switch (wanted) {
            case Q2_K, Q3_K -> fitting(TensorType.Q4_0, columns);
            case Q4_K -> fitting(TensorType.Q5_0, columns);
            case Q5_K -> fitting(TensorType.Q5_1, columns);
            case Q6_K -> fitting(TensorType.Q8_0, columns);
            default -> TensorType.F16;
        };
    }

    private TensorType mixed(String name, Place place) {
        if (name.equals("output.weight") || place.tied && name.equals("token_embd.weight")) {
            return base == TensorType.Q8_0 ? TensorType.Q8_0 : TensorType.Q6_K;
        }
        if (name.endsWith("attn_v.weight") || name.endsWith("attn_qkv.weight") || name.endsWith("attn_kv_b.weight")) {
            return place.experts == 8 ? TensorType.Q8_0 : attentionValues(place);
        }
        if (name.endsWith("attn_k.weight")) {
            return place.experts == 8 ? TensorType.Q8_0 : base;
        }
        if (name.endsWith("attn_output.weight")) {
            return place.experts == 8 ? attentionOutputOfExperts() : attentionOutput();
        }
        return name.contains("ffn_down") ? feedForwardOutput(place) : base;
    }

    private TensorType attentionValues(Place place) {
        TensorType type = switch (this) {
            case Q2_K -> place.headsPerKey >= 4 ? TensorType.Q4_K : TensorType.Q3_K;
            case Q3_K_M -> place.layer < 2 ? TensorType.Q5_K : TensorType.Q4_K;
            case Q3_K_L -> TensorType.Q5_K;
            case Q4_K_S -> place.layer < 4 ? TensorType.Q5_K : base;
            case Q4_K_M, Q5_K_M -> place.isSensitive() ? TensorType.Q6_K : base;
            default -> base;
        };
        boolean isSmallPartOf70B = place.layers == 80 && place.headsPerKey == 8;
        return isSmallPartOf70B && (type == TensorType.Q3_K || type == TensorType.Q4_K) ? TensorType.Q5_K : type;
    }

    private TensorType attentionOutput() {
        return switch (this) {
            case Q2_K -> TensorType.Q3_K;
            case Q3_K_M -> TensorType.Q4_K;
            case Q3_K_L -> TensorType.Q5_K;
            default -> base;
        };
    }

    private TensorType attentionOutputOfExperts() {
        return switch (this) {
            case Q2_K, Q3_K_S, Q3_K_M, Q4_K_S, Q4_K_M -> TensorType.Q5_K;
            default -> base;
        };
    }

    private TensorType feedForwardOutput(Place place) {
        return switch (this) {
            case Q2_K -> TensorType.Q3_K;
            case Q3_K_M -> place.layer < place.layers / 16 ? TensorType.Q5_K : TensorType.Q4_K;
            case Q3_K_L -> TensorType.Q5_K;
            case Q4_K_S -> place.layer < place.layers / 8 ? TensorType.Q5_K : base;
            case Q4_K_M, Q5_K_M -> place.isSensitive() ? TensorType.Q6_K : base;
            default -> base;
        };
    }

    /** What the rules ask about a tensor's layer and its model. */
    private record Place(int layer, int layers, int experts, int headsPerKey, boolean tied) {
        private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\..*");

        static Place of(String tensor, ModelSource model) {
            Metadata metadata = model.metadata();
            String architecture = metadata.findString("general.architecture").orElse("");
            Matcher layer = LAYER.matcher(tensor);
            return new Place(
                    layer.matches() ? Integer.parseInt(layer.group(1)) : 0,
                    metadata.integer(architecture + ".block_count", 0),
                    metadata.integer(architecture + ".expert_count", 0),
                    headCount(metadata, architecture + ".attention.head_count")
                            / headCount(metadata, architecture + ".attention.head_count_kv"),
                    !model.tensors().containsKey("output.weight"));
        }

        /** Some models have a count for each layer; the first layer that attends speaks for all. */
        private static int headCount(Metadata metadata, String key) {
            int[] counts = metadata.has(key) ? metadata.integers(key) : new int[0];
            return Arrays.stream(counts).filter(count -> count > 0).findFirst().orElse(1);
        }

        /** The first and last eighth of the layers, and every third between. */
        boolean isSensitive() {
            int eighth = layers / 8;
            return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
        }
    }
}
