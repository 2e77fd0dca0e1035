"""Measures reference perplexities with Hugging Face transformers.

usage: python3 perplexity.py TEXT OUT.json MODEL_DIR ...      (transformers 5.17, torch; a GPU helps)

The text is tokenised whole with each model's tokenizer.json, no BOS added, and cut into windows of 512 tokens, the last
partial one dropped. A window's tokens are predicted from those before them in the window alone. Perplexity is exp of
the mean negative log-likelihood (nll) in nats; weights are upcast and all arithmetic is float32, the sums float64.

OUT.json holds this protocol, the text's hash (not the text), and for each model the numbers of three ways of scoring
and the mean nll of each of the first 16 windows, for a quick test.
"""

import hashlib
import json
import math
import os
import sys

import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

WINDOW, BATCH, FIRST = 512, 8, 16
SCORED = {  # name: the first token scored in a window
    "all": 1,
    "second_half": WINDOW // 2,
    "llama_cpp": WINDOW // 2 + 1,  # llama-perplexity scores what the second half's positions predict
}


def negative_log_likelihoods(model, windows):
    """Row w, column i: of token i + 1 of window w."""
    rows = []
    for batch in windows.split(BATCH):
        batch = batch.to(model.device)
        log_probabilities = torch.log_softmax(model(input_ids=batch, use_cache=False).logits[:, :-1], -1)
        rows.append(-log_probabilities.gather(-1, batch[:, 1:, None])[..., 0].double().cpu())
    return torch.cat(rows)


def main(text_path, out, *folders):
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with open(text_path, "rb") as file:
        text = file.read()
    result = {"protocol": " ".join(__doc__.split("\n\n")[2].split()),
              "scored": {name: f"tokens {first} to {WINDOW - 1} of each window" for name, first in SCORED.items()},
              "transformers": transformers.__version__, "window": WINDOW,
              "text": {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}, "models": {}}
    for folder in folders:
        tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        ids = tokenizer.encode(text.decode(), add_special_tokens=False).ids
        windows = torch.tensor(ids[:len(ids) // WINDOW * WINDOW]).reshape(-1, WINDOW)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        nll = negative_log_likelihoods(model.to(device).eval(), windows)
        report = {"tokens": len(ids), "windows": len(windows)}
        for name, first in SCORED.items():
            part = nll[:, first - 1:]
            report[name] = {"scored": part.numel(), "perplexity": round(math.exp(part.mean()), 6),
                            "nll": round(part.mean().item(), 8)}
        report[f"nll_of_first_{FIRST}_windows"] = [round(v, 6) for v in nll[:FIRST].mean(1).tolist()]
        result["models"][os.path.basename(os.path.normpath(folder))] = report
    with open(out, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print(json.dumps(result["models"], indent=1))


if __name__ == "__main__":
    with torch.no_grad():
        main(*sys.argv[1:])
