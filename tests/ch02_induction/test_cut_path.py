"""Checks for cut_path, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig


def model_and_tokens(seed=0):
    """A tiny random model of three layers and three heads, every bias at work, and two texts."""
    sizes = {"n_layers": 3, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 9, "d_vocab": 11}
    model = HookedTransformer(HookedTransformerConfig(**sizes, attn_only=True, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(seed)
    for weight in model.requires_grad_(False).parameters():
        weight.copy_(0.5 * torch.randn(weight.shape, generator=generator) + 0.1)
    return model, torch.randint(11, (2, 7), generator=generator)


def by_hand(model, tokens, head, side):
    """The same without hooks on layer 1: its three inputs are made by hand and handed to the layer."""
    _, cache = model.run_with_cache(tokens)
    block, stream = model.blocks[1], cache["resid_post", 0]
    written = cache["z", 0][:, :, head] @ model.blocks[0].attn.W_O[head]
    flat = written.reshape(-1, 12)
    cut = stream - written + flat.sum(dim=0) / len(flat)
    query, key, value = (block.ln1(cut if side == name else stream) for name in "qkv")
    stream = stream + block.attn(query, key, value)
    return model.unembed(model.ln_final(model.blocks[2](stream)))


def test_logits_come_back(cut_path):
    model, tokens = model_and_tokens()
    got = cut_path(model, tokens, 1, "k")
    agree(torch.tensor(got.shape), torch.tensor([2, 7, 11]), "Logits have the shape [batch pos d_vocab].")


def test_a_head_that_says_always_the_same_can_be_cut_without_loss(cut_path):
    model, tokens = model_and_tokens(1)
    model.blocks[0].attn.W_V[2] = 0  # what head 2 gathers is b_V, wherever it looks
    says = "Head 2 of this model writes the same vector everywhere. Its mean is that vector: cut, nothing changes."
    agree(cut_path(model, tokens, 2, "k"), model(tokens), says)


def test_only_the_keys_are_cut(cut_path):
    model, tokens = model_and_tokens(2)
    says = 'With side "k" the keys of layer 1 lack the news of head 1, and queries, values and later layers have it.'
    agree(cut_path(model, tokens, 1, "k"), by_hand(model, tokens, 1, "k"), says)


def test_no_hook_is_left_on_the_model(cut_path):
    model, tokens = model_and_tokens(4)
    before = model(tokens)
    cut_path(model, tokens, 0, "q")
    left = [name for name, point in model.hook_dict.items() if point.hooks]
    require(
        not left, "After the call the model has no hooks: `run_with_hooks` takes its own off.", expected=[], got=left
    )
    agree(model(tokens), before, "After the call the model computes what it computed before.")


def test_the_other_sides(cut_path):
    model, tokens = model_and_tokens(3)
    for side, head in [("q", 0), ("v", 2)]:
        says = f'The same on the side "{side}", for head {head}.'
        agree(cut_path(model, tokens, head, side), by_hand(model, tokens, head, side), says)


RUN = 'return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.1.hook_{side}_input", without_news)])'
NEWS = "news = written - written.mean(dim=(0, 1), keepdim=True)"
AFTER = """scale = model.run_with_cache(tokens)[1]["scale", 1, "ln1"][:, :, None]
    seen = einsum({news} + 0 * scale, getattr(model, f"W_{{side.upper()}}")[1],
                  "batch pos one d_model, head d_model d_head -> batch pos head d_head")
    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.1.attn.hook_{{side}}", lambda x, hook: x - seen)])"""
HELD = """def hold(x, hook):
        x[:, :, head] = x[:, :, head].mean(dim=(0, 1))
        return x

    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.1.attn.hook_{side}", hold)])"""
MEAN = "test_a_head_that_says_always_the_same_can_be_cut_without_loss"
KEYS = "test_only_the_keys_are_cut"
MUTANTS = [
    Mutant("logits of the last position only are returned", RUN, RUN + "[:, -1]", "test_logits_come_back"),
    Mutant("what the head wrote is removed, and no mean put in its place", NEWS, "news = written", MEAN),
    Mutant("the mean is over d_model", NEWS, "news = written - written.mean(dim=-1, keepdim=True)", MEAN),
    Mutant("the head's writing is replaced by nothing but the mean's negative", "read - news", "read - written - news",
           MEAN),
    Mutant(
        "the wrong head is cut, as if heads were counted from 1",
        "[:, :, [head]]",
        "[:, :, [head - 1]]",
        MEAN,
    ),
    Mutant("all heads of layer 0 are cut", "[:, :, [head]]", ".sum(dim=2, keepdim=True)", MEAN),
    Mutant("the whole stream is replaced by the head's mean, so that nobody else's writing is left in it", "return read - news",
           "return (written - news).expand_as(read)", MEAN),
    Mutant("the whole stream is replaced by its own mean, and not only what the head wrote", "return read - news",
           "return read.mean(dim=(0, 1), keepdim=True).expand_as(read)", MEAN),
    Mutant("each head of layer 1 loses what the head of the same number in layer 0 wrote: the two head axes count "
           "different heads", "[:, :, [head]]", "", MEAN),
    Mutant("only the head of layer 1 that has the same number loses it, and not all that read", "return read - news",
           "read[:, :, [head]] -= news\n        return read", KEYS),
    Mutant("the finished queries, keys or values lose it (`hook_k`, and not `hook_k_input`), so that LayerNorm divides by the "
           "same number as before", RUN, AFTER.format(news='(news - news.mean(-1, keepdim=True)) / scale'), KEYS),
    Mutant("the finished queries, keys or values lose it (`hook_k`, and not `hook_k_input`), and LayerNorm is left out", RUN,
           AFTER.format(news="news"), KEYS),
    Mutant("one head of layer 1 has its queries, keys or values averaged, and what layer 0 wrote is left alone", RUN,
           HELD, MEAN),
    Mutant("what the head wrote is cut from this input of all layers: `*` stands for every layer",
           'f"blocks.1.hook_{side}_input"', 'f"*hook_{side}_input"', KEYS),
    Mutant("the inputs of layer 0 are cut, where nothing has been written yet", "blocks.1.hook_{side}_input",
           "blocks.0.hook_{side}_input", KEYS),
    Mutant("the mean is over all positions but the first", "written.mean(dim=(0, 1), keepdim=True)",
           "written[:, 1:].mean(dim=(0, 1), keepdim=True)", KEYS),
    Mutant("the mean is over positions, each text by itself", "mean(dim=(0, 1),", "mean(dim=1,", KEYS),
    Mutant("the mean is over texts, each position by itself", "mean(dim=(0, 1),", "mean(dim=0,", KEYS),
    Mutant(
        "all three sides are cut",
        'fwd_hooks=[(f"blocks.1.hook_{side}_input", without_news)]',
        'fwd_hooks=[(f"blocks.1.hook_{s}_input", without_news) for s in "qkv"]',
        KEYS,
    ),
    Mutant("the head is ablated for everybody", 'f"blocks.1.hook_{side}_input", without_news',
           '"blocks.0.attn.hook_result", lambda x, hook: torch.cat([x[:, :, :head], written - news, x[:, :, head + 1 :]], 2)',
           KEYS),
    Mutant("the news is added, and not taken away", "read - news", "read + news", KEYS),
    Mutant("layer 2 is cut, and not layer 1", "blocks.1.hook_{side}_input", "blocks.2.hook_{side}_input", KEYS),
    Mutant("keys are cut, whichever side was asked for", "hook_{side}_input", "hook_k_input", "test_the_other_sides"),
    Mutant(
        "the hook is added for good",
        RUN,
        ""
        'model.add_hook(f"blocks.1.hook_{side}_input", without_news)\n    return model(tokens)',
        "test_no_hook_is_left_on_the_model",
    ),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "what the head wrote, from z and W_O",
        '_, cache = model.run_with_cache(tokens, names_filter="blocks.0.attn.hook_result", return_type=None)\n'
        '    written = cache["result", 0][:, :, [head]]',
        '_, cache = model.run_with_cache(tokens)\n    written = cache["z", 0][:, :, [head]] @ model.W_O[0, head]',
    ),
    Accepted(
        "with hooks in a block",
        RUN,
        'with model.hooks([(f"blocks.1.hook_{side}_input", without_news)]):\n        return model(tokens)',
    ),
    Accepted("the hook writes in place", "return read - news", "read -= news\n        return read"),
]
