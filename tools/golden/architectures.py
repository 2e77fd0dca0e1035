"""Writes tiny random-weight checkpoints of every architecture, with the logits that Hugging Face transformers gives.

usage: python3 architectures.py OUT_DIR [NAME ...]      (transformers 5.17, torch; a minute on a CPU)

Each folder is a Hugging Face model folder in bfloat16 (config.json, generation_config.json, model.safetensors) plus

  config-legacy.json  the same configuration as transformers 4 wrote it: rope_theta, rope_scaling, torch_dtype
  golden.json         ids: 40 prompt tokens; greedy: the 24 tokens after them; greedy_gaps: at each the largest logit
                      less the second; logits and others: file names and shapes; sensitivity: how far the logits move
                      when one feature is taken away; float32_error: their distance from a float64 run (both: maxima)
  logits.bin          float32, little endian, [40, vocab]: the logits after each prompt token
  logits-short.bin    (longrope) the same for the first 12 tokens alone, which take the short factors
  hidden.bin          (some) float32 [layers + 1, 40, hidden]: the embeddings, then what each layer adds up to, before
                      the final norm

Everything is computed in float32 from the saved bfloat16 weights, each token by a full pass without a KV cache.
The seed is the first whose logits leave room for rounding: no near ties among tokens or experts.
"""

import copy
import json
import os
import random
import re
import shutil
import sys

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

PROMPT, SHORT, GREEDY = 40, 12, 24
MIN_GAP, MIN_ROUTER_MARGIN, MIN_SENSITIVITY, MIN_DISTINCT = 0.02, 1e-3, 1e-2, 8

BASE = dict(vocab_size=256, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=512, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GEMMA = BASE | dict(hidden_size=96, intermediate_size=64, head_dim=16, bos_token_id=2, eos_token_id=1)
LONG_SHORT = [1.0, 1.05, 1.1, 1.3, 1.5, 1.9, 2.4, 3.0]
LONG_LONG = [1.0, 1.4, 2.1, 3.3, 5.0, 7.5, 11.0, 16.0]


def rope(theta, kind="default", **scaling):
    return {"rope_parameters": {"rope_theta": theta, "rope_type": kind, **scaling}}


def gemma3_rope(scaling):
    return {"rope_parameters": {"full_attention": {"rope_theta": 1000000.0, **scaling},
                                "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"}}}


LINEAR8 = {"rope_type": "linear", "factor": 8.0}
DEFAULT = {"rope_type": "default"}

# name: (configuration, {feature: what takes it away}). A feature goes by other configuration values, or, given as a
# regular expression, by making the matching weights neutral.
CASES = {
    "llama": (
        dict(BASE, model_type="llama", vocab_size=259, num_key_value_heads=4, rms_norm_eps=1e-2, **rope(10000.0)),
        {"rope_theta": rope(500000.0), "rms_norm_eps": {"rms_norm_eps": 1e-5}},
    ),
    "llama3": (
        dict(BASE, model_type="llama", tie_word_embeddings=True, rms_norm_eps=1e-5,
             **rope(500000.0, "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                    original_max_position_embeddings=64)),
        {"llama3 scaling": rope(500000.0), "linear instead": rope(500000.0, "linear", factor=8.0)},
    ),
    "llama-linear": (
        dict(BASE, model_type="llama", tie_word_embeddings=True, rms_norm_eps=1e-5,
             **rope(10000.0, "linear", factor=2.0)),
        {"linear scaling": rope(10000.0)},
    ),
    "llama-yarn": (
        dict(BASE, model_type="llama", tie_word_embeddings=True, rms_norm_eps=1e-5, head_dim=32,
             max_position_embeddings=128, **rope(10000.0, "yarn", factor=4.0, original_max_position_embeddings=32)),
        {"yarn scaling": rope(10000.0), "linear instead": rope(10000.0, "linear", factor=4.0),
         "attention factor": rope(10000.0, "yarn", factor=4.0, original_max_position_embeddings=32,
                                  attention_factor=1.0)},
    ),
    "mistral": (
        dict(BASE, model_type="mistral", sliding_window=8, rms_norm_eps=1e-5, **rope(10000.0)),
        {"sliding window": {"sliding_window": None}, "window of 8, not 9": {"sliding_window": 9}},
    ),
    "mixtral": (
        dict(BASE, model_type="mixtral", intermediate_size=32, num_local_experts=4, num_experts_per_tok=2,
             sliding_window=None, rms_norm_eps=1e-5, **rope(1000000.0)),
        {"two experts": {"num_experts_per_tok": 1}},
    ),
    "qwen2": (
        dict(BASE, model_type="qwen2", tie_word_embeddings=True, use_sliding_window=False, **rope(1000000.0)),
        {"bias": r"[qkv]_proj\.bias"},
    ),
    "qwen2-window": (
        dict(BASE, model_type="qwen2", use_sliding_window=True, sliding_window=8, max_window_layers=1,
             **rope(1000000.0)),
        {"sliding window": {"use_sliding_window": False, "layer_types": None},
         "first layer full": {"layer_types": ["sliding_attention", "sliding_attention"]}},
    ),
    "qwen3": (
        dict(BASE, model_type="qwen3", head_dim=32, **rope(1000000.0)),
        {"query norm": r"q_norm", "key norm": r"k_norm"},
    ),
    "qwen3-moe": (
        dict(BASE, model_type="qwen3_moe", head_dim=16, num_experts=8, num_experts_per_tok=2,
             moe_intermediate_size=32, norm_topk_prob=True, **rope(1000000.0)),
        {"norm_topk_prob": {"norm_topk_prob": False}, "query norm": r"q_norm"},
    ),
    "qwen3-moe-raw": (
        dict(BASE, model_type="qwen3_moe", head_dim=16, num_experts=8, num_experts_per_tok=2,
             moe_intermediate_size=32, norm_topk_prob=False, mlp_only_layers=[0], **rope(1000000.0)),
        {"norm_topk_prob": {"norm_topk_prob": True}},
    ),
    "gemma2": (
        dict(GEMMA, model_type="gemma2", num_hidden_layers=4, sliding_window=8, query_pre_attn_scalar=24,
             attn_logit_softcapping=6.0, final_logit_softcapping=10.0, **rope(10000.0)),
        {"sliding window": {"sliding_window": 512}, "attention soft cap": {"attn_logit_softcapping": None},
         "final soft cap": {"final_logit_softcapping": None}, "query_pre_attn_scalar": {"query_pre_attn_scalar": 16},
         "window first": {"layer_types": ["full_attention", "sliding_attention"] * 2}},
    ),
    "gemma3": (
        dict(GEMMA, model_type="gemma3_text", num_hidden_layers=5, sliding_window=8, query_pre_attn_scalar=24,
             layer_types=["sliding_attention", "sliding_attention", "full_attention"] + ["sliding_attention"] * 2,
             **gemma3_rope(DEFAULT)),
        {"sliding window": {"sliding_window": 512}, "query norm": r"q_norm", "key norm": r"k_norm",
         "local theta": {"rope_parameters": {"full_attention": {"rope_theta": 1000000.0, **DEFAULT},
                                             "sliding_attention": {"rope_theta": 1000000.0, **DEFAULT}}},
         "layer pattern": {"layer_types": ["full_attention"] + ["sliding_attention"] * 4}},
    ),
    "gemma3-linear": (
        dict(GEMMA, model_type="gemma3_text", num_hidden_layers=3, sliding_window=8, query_pre_attn_scalar=24,
             layer_types=["full_attention", "sliding_attention", "full_attention"], **gemma3_rope(LINEAR8)),
        {"linear scaling": gemma3_rope(DEFAULT),
         "global layers only": {"rope_parameters": {"full_attention": {"rope_theta": 1000000.0, **LINEAR8},
                                                    "sliding_attention": {"rope_theta": 10000.0, **LINEAR8}}}},
    ),
    "phi3": (
        dict(BASE, model_type="phi3", num_key_value_heads=4, sliding_window=8, original_max_position_embeddings=512,
             **rope(10000.0)),
        {"sliding window": {"sliding_window": None}},
    ),
    "phi3-longrope": (
        dict(BASE, model_type="phi3", max_position_embeddings=128, original_max_position_embeddings=16,
             **rope(10000.0, "longrope", short_factor=LONG_SHORT, long_factor=LONG_LONG)),
        {"longrope": rope(10000.0),
         "long factors": rope(10000.0, "longrope", short_factor=LONG_SHORT, long_factor=LONG_SHORT),
         "attention factor": rope(10000.0, "longrope", short_factor=LONG_SHORT, long_factor=LONG_LONG,
                                  attention_factor=1.0)},
    ),
    "phi3-partial": (
        dict(BASE, model_type="phi3", tie_word_embeddings=True, max_position_embeddings=128,
             original_max_position_embeddings=16,
             **rope(10000.0, "longrope", short_factor=LONG_SHORT[:6], long_factor=LONG_LONG[:6],
                    partial_rotary_factor=0.75)),
        {"partial rotary": rope(10000.0, "longrope", short_factor=LONG_SHORT, long_factor=LONG_LONG)},
    ),
}
WITH_HIDDEN = {"llama", "gemma2", "qwen3-moe"}
SHARDED = {"llama3": "60KB"}  # written once more, in shards, as NAME-sharded


def fill(model, seed):
    """Weights that keep activations near one, so that logits are spread and every feature shows.

    Tied embeddings are small and the final norm makes up for it: else each token would predict itself. Gemma's norms
    multiply by 1 + weight, and its embeddings by the root of their width.
    """
    tied = model.config.tie_word_embeddings
    gemma = model.config.model_type.startswith("gemma")
    random_state = torch.Generator().manual_seed(seed)
    for name, weight in sorted(model.named_parameters()):
        values = torch.randn(weight.shape, generator=random_state)
        if "norm" in name:
            scale = 1.5 if re.search("[qk]_norm", name) else 4.0 if name == "model.norm.weight" and tied else 1.0
            values = values * 0.2 + scale - (1.0 if gemma else 0.0)
        elif name.endswith("bias"):
            values *= 0.3
        elif "embed_tokens" in name or "lm_head" in name:
            values *= (0.04 if gemma else 0.08) if tied else 0.3
        else:
            gain = 1.6 if re.search(r"(q|k|qkv)_proj|mlp\.gate\.", name) else 1.0
            values *= gain * weight.shape[-1] ** -0.5
        weight.data.copy_(values)


def load(folder, config=None):
    model = AutoModelForCausalLM.from_pretrained(
        folder, config=config or AutoConfig.from_pretrained(folder), dtype=torch.float32, attn_implementation="eager",
        experts_implementation="eager")
    return model.eval()


def logits(model, ids):
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def continue_greedily(model, ids):
    ids, gaps = list(ids), []
    for _ in range(GREEDY):
        top = torch.topk(logits(model, ids)[-1], 2)
        ids.append(int(top.indices[0]))
        gaps.append(float(top.values[0] - top.values[1]))
    return ids[-GREEDY:], gaps


def layer_states(model, ids):
    """The embeddings and each layer's output, before the final norm."""
    states = []
    hooks = [layer.register_forward_pre_hook(lambda _, args, kwargs: states.append(
        args[0] if args else kwargs["hidden_states"]), with_kwargs=True) for layer in model.model.layers]
    hooks.append(model.model.norm.register_forward_pre_hook(lambda _, args: states.append(args[0])))
    logits(model, ids)
    for hook in hooks:
        hook.remove()
    return torch.cat(states)


def router_margin(model, ids):
    """The smallest distance of an expert's logit taken from one left out; infinity without experts."""
    taken = getattr(model.config, "num_experts_per_tok", 0)
    margins = [torch.tensor(float("inf"))]

    def note(_, __, output):
        top = torch.topk(output[0], taken + 1).values
        margins.append((top[:, -2] - top[:, -1]).min())

    hooks = [m.register_forward_hook(note) for m in model.modules() if type(m).__name__.endswith("TopKRouter")]
    logits(model, ids)
    for hook in hooks:
        hook.remove()
    return float(torch.stack(margins).min())


def without(folder, change):
    """The model of a folder with one feature taken away."""
    config = AutoConfig.from_pretrained(folder)
    if isinstance(change, dict):
        values = config.to_dict() | copy.deepcopy(change)
        if values.get("layer_types") is None:  # to be worked out anew
            values.pop("layer_types", None)
        return load(folder, type(config).from_dict(values))
    model = load(folder)
    matching = [weight for name, weight in model.named_parameters() if re.search(change, name)]
    assert matching, change
    for weight in matching:
        weight.data.fill_(0.0 if "bias" in change or config.model_type.startswith("gemma") else 1.0)
    return model


def legacy(config):
    """A configuration as transformers 4 wrote it."""
    config = copy.deepcopy(config)
    scaling = config.pop("rope_parameters")
    if "full_attention" in scaling:
        config["rope_local_base_freq"] = scaling["sliding_attention"]["rope_theta"]
        scaling = scaling["full_attention"]
    config["rope_theta"] = scaling.pop("rope_theta")
    partial = scaling.pop("partial_rotary_factor", 1.0)
    if partial != 1.0:
        config["partial_rotary_factor"] = partial
    kind = scaling.pop("rope_type")
    if kind == "longrope":
        scaling.pop("original_max_position_embeddings")
    name = "rope_type" if kind in ("llama3", "yarn") or config["model_type"] == "gemma3_text" else "type"
    config["rope_scaling"] = None if kind == "default" else {name: kind, **scaling}
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.48.0"
    config.pop("_sliding_window_pattern", None)
    layers = config.pop("layer_types", [])
    if config["model_type"] == "gemma3_text":
        period = layers.index("full_attention") + 1
        if layers == [layers[i % period] for i in range(len(layers))] and period > 1:
            config["sliding_window_pattern"] = period
        else:
            config["layer_types"] = layers
    if config["model_type"].startswith("qwen") and not config["use_sliding_window"]:
        config["sliding_window"] = 8  # as on the hub: given, but not in use
    if config["model_type"] == "qwen3_moe" and "num_local_experts" in config:
        config["num_experts"] = config.pop("num_local_experts")
    return dict(sorted(config.items()))


def write_floats(path, tensor):
    with open(path, "wb") as file:
        file.write(tensor.detach().contiguous().numpy().astype("<f4").tobytes())
    return {"file": os.path.basename(path), "shape": list(tensor.shape)}


def write_json(path, value):
    text = json.dumps(value, indent=1)
    text = re.sub(r"\[[^][{}]*\]", lambda match: " ".join(match.group().split()), text)  # a list takes one line
    with open(path, "w") as file:
        file.write(text + "\n")


def make(name, folder, seed):
    """Writes one case, and says what is wrong with the seed, if anything."""
    values, features = CASES[name]
    values = copy.deepcopy(values)
    config = AutoConfig.for_model(values.pop("model_type"), **values)
    model = AutoModelForCausalLM.from_config(config)
    fill(model, seed)
    model.to(torch.bfloat16).save_pretrained(folder)

    model = load(folder)
    ids = random.Random(f"{name}/{seed}").sample(range(3, config.vocab_size), PROMPT)
    expected = logits(model, ids)
    greedy, gaps = continue_greedily(model, ids)
    if min(gaps) < MIN_GAP:
        return f"a near tie among tokens, {min(gaps):.4f}"
    if len(set(greedy)) < MIN_DISTINCT:
        return f"only {len(set(greedy))} distinct tokens"
    margin = router_margin(model, ids + greedy)
    if margin < MIN_ROUTER_MARGIN:
        return f"a near tie among experts, {margin:.5f}"
    distance = {feature: float((logits(without(folder, change), ids) - expected).abs().max())
                for feature, change in features.items()}
    if min(distance.values()) < MIN_SENSITIVITY:
        return f"features without effect, {distance}"

    golden = {"transformers": transformers.__version__, "seed": seed, "ids": ids, "greedy": greedy,
              "greedy_gaps": [round(gap, 4) for gap in gaps],
              "logits": write_floats(os.path.join(folder, "logits.bin"), expected)}
    if config.to_dict().get("rope_parameters", {}).get("rope_type") == "longrope":
        golden["logits_short"] = write_floats(os.path.join(folder, "logits-short.bin"), logits(model, ids[:SHORT]))
    if name in WITH_HIDDEN:
        golden["hidden"] = write_floats(os.path.join(folder, "hidden.bin"), layer_states(model, ids))
    golden["largest_logit"] = round(float(expected.abs().max()), 3)
    golden["float32_error"] = float(f"{(logits(load(folder).double(), ids) - expected).abs().max():.2g}")
    if margin != float("inf"):
        golden["router_margin"] = round(margin, 5)
    golden["sensitivity"] = {feature: round(moved, 3) for feature, moved in distance.items()}
    write_json(os.path.join(folder, "golden.json"), golden)

    with open(os.path.join(folder, "config.json")) as file:
        written = json.load(file)
    path = os.path.join(folder, "config-legacy.json")
    write_json(path, legacy(written))
    assert torch.equal(logits(load(folder, AutoConfig.from_pretrained(path)), ids), expected), "legacy config differs"
    print(f"{name:15} seed {seed}  largest {golden['largest_logit']:6.2f}  least gap {min(gaps):.3f}"
          f"  float32 error {golden['float32_error']:.1e}  {golden['sensitivity']}", flush=True)
    return None


def main(out, *names):
    torch.set_num_threads(2)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in names or CASES:
        folder = os.path.join(out, name)
        for seed in range(100):
            shutil.rmtree(folder, ignore_errors=True)
            fault = make(name, folder, seed)
            if fault is None:
                break
            print(f"{name:15} seed {seed}: {fault}", flush=True)
        else:
            sys.exit(f"{name}: no seed will do")
        if name in SHARDED:
            shards = folder + "-sharded"
            shutil.rmtree(shards, ignore_errors=True)
            load(folder).to(torch.bfloat16).save_pretrained(shards, max_shard_size=SHARDED[name])
            assert torch.equal(logits(load(shards), range(40)), logits(load(folder), range(40)))


if __name__ == "__main__":
    with torch.no_grad():
        main(*sys.argv[1:])
