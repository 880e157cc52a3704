"""How fast the hooked model is, beside TransformerLens's bridge, plain transformers and nnsight, on the same weights.

Run `python bench/bench_model.py` (`--quick` for the small model and one thread). Every line is measured in this one
run, the rivals taking turns; a ratio above 1 says how many times as fast as the rival we are. Needs transformers and
transformer_lens; nnsight is measured where it is installed.
"""

import argparse
import contextlib
import io
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # transformer_lens.patching draws a bar for each sweep
warnings.simplefilter("ignore")

import torch  # noqa: E402
from tokenizers import Tokenizer, models  # noqa: E402

from course_utils.model import HookedTransformer, HookedTransformerConfig, TextTokenizer, load_model  # noqa: E402
from course_utils.model import patching as ours_patching  # noqa: E402
from course_utils.model.weights import save_model  # noqa: E402

SIZES = {
    "3M": {"n_layers": 4, "d_model": 256, "n_heads": 8, "d_vocab": 500, "n_ctx": 128},
    "30M": {"n_layers": 8, "d_model": 512, "n_heads": 8, "d_vocab": 8000, "n_ctx": 128},
}
ROUNDS = 5


@dataclass
class Subjects:
    """The same weights in every library."""

    ours: HookedTransformer
    hf: Any
    bridge: Any
    nnsight: Any
    tokens: torch.Tensor
    prompts: torch.Tensor
    other: torch.Tensor
    cells: dict[str, Any] = field(default_factory=dict)


def subjects(size: str) -> Subjects:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    cfg = HookedTransformerConfig(**SIZES[size], tie_word_embeddings=True, seed=0, init_range=0.02)  # type: ignore[arg-type]
    made = HookedTransformer(cfg)
    words = Tokenizer(models.WordLevel({"<bos>": 0, **{f"w{i}": i for i in range(1, cfg.d_vocab)}}, unk_token="<bos>"))
    made.set_tokenizer(TextTokenizer(words, bos="<bos>", eos="<bos>"))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        save_model(made, folder, "gpt2")
        ours = load_model(folder, raw=True)
        hf = AutoModelForCausalLM.from_pretrained(folder).eval()
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        eager = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
        bridge = TransformerBridge.boot_transformers("x", hf_model=eager, tokenizer=tokenizer, device="cpu")
        wrapped = nnsight_model(Path(folder), tokenizer)
    generator = torch.Generator().manual_seed(0)
    tokens, prompts, other = (
        torch.randint(1, cfg.d_vocab, shape, generator=generator) for shape in ((16, 64), (8, 15), (8, 15))
    )
    return Subjects(ours, hf, bridge, wrapped, tokens, prompts, other)


def nnsight_model(folder: Path, tokenizer: Any) -> Any:
    try:
        from nnsight import NNsight
    except ImportError:
        return None
    from transformers import AutoModelForCausalLM

    return NNsight(AutoModelForCausalLM.from_pretrained(folder).eval())


def metric(logits: torch.Tensor) -> torch.Tensor:
    return logits[:, -1, 1].mean() - logits[:, -1, 2].mean()


def nnsight_cache(model: Any, tokens: torch.Tensor) -> Any:
    """The residual stream after each layer, the most that it keeps without extra code."""
    from nnsight import save

    with model.trace(tokens):
        kept = save([block.output for block in model.transformer.h])
    return kept  # noqa: RET504 (nnsight looks for the name)


def nnsight_heads(s: Subjects) -> Any:
    """A head sweep as its tutorials write it: one trace a head, the head's slice of c_proj's input replaced."""
    from nnsight import save

    model, d_head = s.nnsight, s.ours.cfg.d_head
    blocks = model.transformer.h
    with model.trace(s.other):
        clean = save([block.attn.c_proj.input for block in blocks])
    for layer, block in enumerate(blocks):
        for head in range(s.ours.cfg.n_heads):
            part = slice(head * d_head, (head + 1) * d_head)
            with model.trace(s.prompts):
                block.attn.c_proj.input[:, :, part] = clean[layer][:, :, part]
                logits = model.lm_head.output.save()
            metric(logits).item()


def tasks(s: Subjects) -> dict[str, dict[str, Callable[[], Any]]]:
    """What is measured: for each task, who does it and how. Ours comes first."""
    from transformer_lens import patching as their_patching

    def backward(model: Any, loss: Callable[[], torch.Tensor]) -> Callable[[], None]:
        def run() -> None:
            model.zero_grad(set_to_none=True)
            with torch.enable_grad():
                loss().backward()

        return run

    ours, bridge, hf = s.ours, s.bridge, s.hf
    _, our_cache = ours.run_with_cache(s.other)
    _, their_cache = bridge.run_with_cache(s.other)
    greedy: dict[str, Any] = {"do_sample": False, "stop_at_eos": False}
    last = {"last_only": True, "progress": False}  # as the metric reads the last position only
    heads, resid = "get_act_patch_attn_head_out_all_pos", "get_act_patch_resid_pre"
    listed: dict[str, dict[str, Callable[[], Any]]] = {
        "forward": {
            "ours": lambda: ours(s.tokens),
            "bridge": lambda: bridge(s.tokens),
            "transformers": lambda: hf(s.tokens).logits,
        },
        "forward and backward": {
            "ours": backward(ours, lambda: ours(s.tokens, return_type="loss")),
            "bridge": backward(bridge, lambda: bridge(s.tokens, return_type="loss")),
            "transformers": backward(hf, lambda: hf(s.tokens, labels=s.tokens).loss),
        },
        "run_with_cache, all": {
            "ours": lambda: ours.run_with_cache(s.tokens),
            "bridge": lambda: bridge.run_with_cache(s.tokens),
        },
        "run_with_cache, resid_post": {
            "ours": lambda: ours.run_with_cache(s.tokens, names_filter="*resid_post"),
            "bridge": lambda: bridge.run_with_cache(s.tokens, names_filter=lambda name: name.endswith("resid_post")),
        },
        "generate 32 tokens": {
            "ours": lambda: ours.generate(s.prompts, 32, **greedy),
            "bridge": lambda: bridge.generate(s.prompts, max_new_tokens=32, verbose=False, **greedy),
            "transformers": lambda: hf.generate(
                s.prompts, max_new_tokens=32, min_new_tokens=32, do_sample=False, pad_token_id=0,
                attention_mask=torch.ones_like(s.prompts),
            ),
        },
        "sweep of resid_pre": {
            "ours": lambda: getattr(ours_patching, resid)(ours, s.prompts, our_cache, metric, progress=False),
            "bridge": lambda: getattr(their_patching, resid)(bridge, s.prompts, their_cache, metric),
        },
        "sweep of heads": {
            "ours": lambda: getattr(ours_patching, heads)(ours, s.prompts, our_cache, metric, progress=False),
            "bridge": lambda: getattr(their_patching, heads)(bridge, s.prompts, their_cache, metric),
        },
        "sweep of heads, last_only": {
            "ours": lambda: getattr(ours_patching, heads)(ours, s.prompts, our_cache, metric, **last),
            "bridge": lambda: getattr(their_patching, heads)(bridge, s.prompts, their_cache, metric),
        },
        "sweep of resid_pre, last_only": {
            "ours": lambda: getattr(ours_patching, resid)(ours, s.prompts, our_cache, metric, **last),
            "bridge": lambda: getattr(their_patching, resid)(bridge, s.prompts, their_cache, metric),
        },
    }  # fmt: skip
    if s.nnsight is not None:
        listed["run_with_cache, resid_post"]["nnsight"] = lambda: nnsight_cache(s.nnsight, s.tokens)
        listed["sweep of heads"]["nnsight"] = lambda: nnsight_heads(s)
    return listed


def measure(rivals: dict[str, Callable[[], Any]], rounds: int, threads: int) -> dict[str, float]:
    """The best time of each, in milliseconds; they take turns, so that a busy moment hits them all.

    On one thread it is the processor's time, which other work on the machine changes less than the clock's.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    best = dict.fromkeys(rivals, float("inf"))
    for turn in range(rounds + 1):
        for name, run in rivals.items():
            start = clock()
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                run()
            if turn:  # the first warms up
                best[name] = min(best[name], 1000 * (clock() - start))
    return best


def cache_bytes(s: Subjects) -> None:
    """What a filtered cache holds, beside what was asked for and beside the whole."""
    _, everything = s.ours.run_with_cache(s.tokens)
    _, some = s.ours.run_with_cache(s.tokens, names_filter="*resid_post")

    def size(cache: Any) -> int:
        return sum(t.nbytes() for t in {t.data_ptr(): t.untyped_storage() for t in cache.values()}.values())

    asked = s.ours.cfg.n_layers * s.tokens.numel() * s.ours.cfg.d_model * 4
    print(f"  cache: all {size(everything) / 1e6:.1f} MB; resid_post {size(some) / 1e6:.1f}, asked {asked / 1e6:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small model on one thread")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    told = parser.parse_args()
    torch.set_grad_enabled(False)
    for size in list(SIZES)[: 1 if told.quick else None]:
        s = subjects(size)
        count = sum(parameter.numel() for parameter in s.ours.parameters()) / 1e6
        for threads in [1] if told.quick else told.threads:
            torch.set_num_threads(threads)
            print(f"\n{size} ({count:.1f} M parameters), {threads} thread{'s' * (threads > 1)}")
            for task, rivals in tasks(s).items():
                times = measure(rivals, ROUNDS if "sweep" not in task else 2, threads)
                others = [
                    f"{times[name] / times['ours']:5.2f} x {name} ({times[name]:.0f} ms)"
                    for name in times
                    if name != "ours"
                ]
                print(f"  {task:30s} {times['ours']:8.1f} ms   " + "   ".join(others), flush=True)
        cache_bytes(s)


if __name__ == "__main__":
    main()
