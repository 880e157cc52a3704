"""Checks for knock_out, coarse to fine, on a tiny random model with MLPs and biases."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 4, "d_head": 5, "n_ctx": 9, "d_vocab": 11}
TOKENS = torch.tensor([[0, 3, 7, 3, 10, 2], [0, 5, 1, 8, 8, 2]])
ABC = torch.tensor([[0, 9, 6, 1, 4, 2], [0, 2, 4, 7, 10, 2], [0, 8, 8, 2, 7, 2]])
EVERY = [(layer, head) for layer in range(3) for head in range(4)]
SOME = [(0, 3), (2, 0), (1, 2), (0, 1)]


def tiny(seed=1, **options):
    """A small model, always the same one, with no weight and no bias zero, and its run on three ABC texts."""
    model = HookedTransformer(HookedTransformerConfig(**SIZES, **options))
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.requires_grad_(False).named_parameters():
        scale = name.rpartition(".")[2] == "w"
        parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator) + scale)
    return model, model.run_with_cache(ABC)[1]


def by_hand(model, reference, kept):
    """The same without a hook: every head by itself, its gathering exchanged where it doesn't stay."""
    stream = model.embed(TOKENS) + model.pos_embed.W_pos[:6]
    later = torch.ones(6, 6, dtype=torch.bool).triu(1)
    for layer, block in enumerate(model.blocks):
        attn, x, written = block.attn, block.ln1(stream), 0
        for head in range(4):
            q, k, v = (x @ getattr(attn, f"W_{n}")[head] + getattr(attn, f"b_{n}")[head] for n in "QKV")
            z = (q @ k.mT / 5**0.5).masked_fill(later, -torch.inf).softmax(-1) @ v
            if (layer, head) not in kept:
                of_texts = reference["z", layer][:, :, head]
                z = ((of_texts[0] + of_texts[1] + of_texts[2]) / 3).expand_as(z)
            written = written + z @ attn.W_O[head]
        stream = stream + written + attn.b_O
        stream = stream + block.mlp(block.ln2(stream))
    return model.unembed(model.ln_final(stream))


def test_with_all_heads_kept_nothing_changes(knock_out):
    model, reference = tiny()
    agree(knock_out(model, TOKENS, reference, EVERY), model(TOKENS), "All heads stay: these are the ordinary logits.")


def test_with_no_head_the_words_before_don_t_matter(knock_out):
    model, reference = tiny(attn_only=True)
    got = knock_out(model, TOKENS, reference, [])
    says = "Both texts end with token 2 at the same position. With no head at work nothing else can be known there."
    agree(got[0, -1], got[1, -1], says)


def test_the_heads_that_stay_are_at_work(knock_out):
    model, reference = tiny()
    says = (
        "Kept are 0.3, 2.0, 1.2 and 0.1. Each other head of each layer has, at each position, its mean over the 3 texts "
        "of the reference at this position; the model runs on 2 others."
    )
    agree(knock_out(model, TOKENS, reference, SOME), by_hand(model, reference, SOME), says)


def test_any_iterable_will_do(knock_out):
    model, reference = tiny()
    for kept in (set(SOME), (head for head in SOME)):
        says = (
            f"`kept` came as a {type(kept).__name__}. It may be any iterable, and some can be walked through only once."
        )
        agree(knock_out(model, TOKENS, reference, kept), by_hand(model, reference, SOME), says)


def test_model_and_cache_are_left_as_they_were(knock_out):
    model, reference = tiny()
    before = {name: value.clone() for name, value in reference.items()}
    knock_out(model, TOKENS, reference, SOME)
    left = [name for name, point in model.hook_dict.items() if point.hooks]
    require(not left, "After the call no hook is on the model.", expected=[], got=left)
    agree(model(TOKENS), tiny()[0](TOKENS), "After the call the model computes what it computed before.")
    for layer in range(3):
        says = f"The reference's z of layer {layer} must be what it was: it will be used again."
        agree(reference["z", layer], before[f"blocks.{layer}.attn.hook_z"], says)


MEAN = 'reference["z", layer][:, :, head].mean(dim=0)'
PUT = f"z[:, :, head] = {MEAN}"
RETURN = "return model.run_with_hooks(tokens, fwd_hooks=hooks)"
ALL, NONE, SOME_STAY = (
    "test_with_all_heads_kept_nothing_changes",
    "test_with_no_head_the_words_before_don_t_matter",
    "test_the_heads_that_stay_are_at_work",
)
MUTANTS = [
    Mutant("the heads in `kept` are knocked out, and the others stay", "not in staying", "in staying", ALL),
    Mutant("all heads are knocked out, whatever `kept` says", "(layer, head) not in staying", "True", ALL),
    Mutant("head and layer have changed places in the pairs", "(layer, head) not in", "(head, layer) not in", ALL),
    Mutant("a head's own mean over positions is put in", MEAN, "z[:, :, head].mean(dim=1, keepdim=True)", NONE),
    Mutant("only the last position is knocked out", PUT, PUT.replace("z[:, :, head] =", "z[:, -1, head] =") + "[-1]", SOME_STAY),
    Mutant("the last layer is forgotten", "for layer in range(model.cfg.n_layers)]",
           "for layer in range(model.cfg.n_layers - 1)]", NONE),
    Mutant("only the first layer is hooked", "for layer in range(model.cfg.n_layers)]", "for layer in range(1)]", NONE),
    Mutant("zero is put in, and not the mean", MEAN, "0.0", SOME_STAY),
    Mutant("the mean is over texts and positions", "mean(dim=0)", "mean(dim=(0, 1))", SOME_STAY),
    Mutant("the mean is over positions, and of the first text", MEAN, 'reference["z", layer][0, :, head].mean(dim=0)', SOME_STAY),
    Mutant("one text of the reference is put in, and not the mean", MEAN, 'reference["z", layer][0, :, head]', SOME_STAY),
    Mutant("the mean of the run itself is put in, and not that of the reference", MEAN, "z[:, :, head].mean(dim=0)", SOME_STAY),
    Mutant("every head gets the mean over all heads", MEAN, 'reference["z", layer].mean(dim=(0, 2))', SOME_STAY),
    Mutant("all means are taken from the last layer, as a function made in a loop does", 'reference["z", layer]',
           'reference["z", model.cfg.n_layers - 1]', SOME_STAY),
    Mutant("all means are taken from layer 0", 'reference["z", layer]', 'reference["z", 0]', SOME_STAY),
    Mutant("the mean is added", PUT, PUT.replace(" = ", " += "), NONE),
    Mutant("`kept` is walked through once for every head", "staying = set(kept)", "staying = kept", "test_any_iterable_will_do"),
    Mutant("the hooks are never taken off", RETURN,
           "for name, hook in hooks:\n        model.add_hook(name, hook)\n    return model(tokens)",
           "test_model_and_cache_are_left_as_they_were"),
    Mutant("the mean is written into the cache", PUT,
           f'reference["z", layer][:, :, head] = {MEAN}\n                z[:, :, head] = reference["z", layer][0, :, head]',
           "test_model_and_cache_are_left_as_they_were"),
]  # fmt: skip

ACCEPTED = [
    Accepted("with the hooks in a block", RETURN, "with model.hooks(hooks):\n        return model(tokens)"),
    Accepted("by the hook's own name", 'reference["z", layer]', "reference[hook.name]"),
    Accepted(
        "with torch.where",
        "        for head in range(model.cfg.n_heads):\n            if (layer, head) not in staying:\n"
        f"                {PUT}\n        return z",
        "        stays = torch.tensor([(layer, head) in staying for head in range(model.cfg.n_heads)])\n"
        "        return torch.where(stays[:, None], z, reference[hook.name].mean(dim=0))",
    ),
]
