"""Checks for accumulated_attribution, coarse to fine, on a tiny random model with biases and streams of mean not 0."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9], [0, 2, 6, 5, 3], [0, 7, 7, 8, 10], [0, 1, 10, 2, 6]])
WHO, OTHER = torch.tensor([3, 5, 1, 9]), torch.tensor([4, 2, 10, 6])


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.7 * torch.randn(parameter.shape, generator=generator))
        model.embed.W_E.add_(1.0)  # so that the streams have a mean to be taken away
    return model.requires_grad_(False)


def asked(accumulated_attribution, batch=4):
    model = tiny()
    logits, cache = model.run_with_cache(TOKENS[:batch])
    directions = (model.W_U[:, WHO[:batch]] - model.W_U[:, OTHER[:batch]]).T
    return model, logits, directions, accumulated_attribution(cache, directions)


def read(model, stream, end, direction):
    """The lead that one stream (before the final LayerNorm) gives, divided by the root that `end` has."""
    root = ((end - end.mean()).square().mean() + model.cfg.eps).sqrt()
    return ((stream - stream.mean()) / root) @ direction


def unchanged(cache, before):
    """Every entry of the cache is what it was."""
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and whoever uses it next is misled."
        require(torch.equal(cache[name], value), says, got=cache[name])


def test_the_cache_stays_as_it_is(accumulated_attribution):
    model = tiny()
    _, cache = model.run_with_cache(TOKENS)
    before = {entry: value.clone() for entry, value in cache.items()}
    accumulated_attribution(cache, (model.W_U[:, WHO] - model.W_U[:, OTHER]).T)
    unchanged(cache, before)


def test_one_number_before_each_layer_and_one_at_the_end(accumulated_attribution):
    *_, got = asked(accumulated_attribution)
    agree(tuple(got.shape), (4,), "3 layers: the stream is read before each of them and after the last, 4 times.")


def test_the_last_is_the_lead_itself(accumulated_attribution):
    for batch in (1, 4):
        model, logits, _, got = asked(accumulated_attribution, batch)
        lead = torch.stack([logits[i, -1, WHO[i]] - logits[i, -1, OTHER[i]] for i in range(batch)])
        constant = torch.stack([model.b_U[WHO[i]] - model.b_U[OTHER[i]] for i in range(batch)])
        says = f"{batch} prompt(s): after the last layer it is the mean lead in the logits, less what b_U adds to it."
        agree(got[-1], (lead - constant).mean(), says)


def test_every_stream_is_divided_by_the_final_scale(accumulated_attribution):
    model, _, directions, got = asked(accumulated_attribution)
    end = model(TOKENS, stop_at_layer=3)[:, -1]
    streams = [model(TOKENS, stop_at_layer=layer)[:, -1] for layer in range(4)]
    rows = [[read(model, s[i], end[i], directions[i]) for i in range(4)] for s in streams]
    says = (
        "Each stream is centred by its own mean and divided by the scale of the finished stream, cache['scale'] at the "
        "last position: only then do differences between layers add up."
    )
    agree(got, torch.stack([torch.stack(row).mean() for row in rows]), says)


STREAMS = 'streams = [*(cache["resid_pre", layer] for layer in range(n_layers)), cache["resid_post", n_layers - 1]]'
CENTRED = "centred = at_end - at_end.mean(dim=-1, keepdim=True)"
NORMAL = 'normalized = centred / cache["scale"][:, -1]'
LEADS = 'leads = einsum(normalized, directions, "layer batch d_model, batch d_model -> layer batch")'
MUTANTS = [
    Mutant("each stream is centred and divided in place, inside the cache", STREAMS,
           STREAMS + "\n    for stream in streams:\n        stream[:, -1] -= stream[:, -1].mean(dim=-1, keepdim=True)",
           check="test_the_cache_stays_as_it_is"),
    Mutant("the position before the last is read", "[:, :, -1]", "[:, :, -2]", check="test_the_last_is_the_lead_itself"),
    Mutant("the streams after each layer are read, and the embeddings are left out", STREAMS,
           'streams = [cache["resid_post", layer] for layer in range(n_layers)]',
           check="test_one_number_before_each_layer_and_one_at_the_end"),
    Mutant("the finished stream is left out", STREAMS, 'streams = [cache["resid_pre", layer] for layer in range(n_layers)]',
           check="test_one_number_before_each_layer_and_one_at_the_end"),
    Mutant("prompts are not averaged", "leads.mean(dim=-1)", "leads",
           check="test_one_number_before_each_layer_and_one_at_the_end"),
    Mutant("layers are averaged, and not prompts", "leads.mean(dim=-1)", "leads.mean(dim=0)",
           check="test_the_last_is_the_lead_itself"),
    Mutant("prompts are summed", "leads.mean(dim=-1)", "leads.sum(dim=-1)", check="test_the_last_is_the_lead_itself"),
    Mutant("the first position is read", "[:, :, -1]", "[:, :, 0]", check="test_the_last_is_the_lead_itself"),
    Mutant("all positions are averaged", "[:, :, -1]", ".mean(dim=2)", check="test_the_last_is_the_lead_itself"),
    Mutant("the final LayerNorm is forgotten", NORMAL, "normalized = at_end", check="test_the_last_is_the_lead_itself"),
    Mutant("the final scale is not divided by", NORMAL, "normalized = centred", check="test_the_last_is_the_lead_itself"),
    Mutant("the mean is not subtracted, as if the streams were centred already", CENTRED, "centred = at_end",
           check="test_the_last_is_the_lead_itself"),
    Mutant("the scale is taken from the first position", '[:, -1]\n    leads', '[:, 0]\n    leads',
           check="test_the_last_is_the_lead_itself"),
    Mutant("every prompt is read along every prompt's direction", LEADS,
           'leads = einsum(normalized, directions, "layer batch d_model, other d_model -> layer batch") / len(directions)',
           check="test_the_last_is_the_lead_itself"),
    Mutant("each stream is divided by a scale of its own, as the model would if it ended there", NORMAL,
           'normalized = centred / (centred.square().mean(dim=-1, keepdim=True) + cache.model.cfg.eps).sqrt()',
           check="test_every_stream_is_divided_by_the_final_scale"),
    Mutant("steps are returned, and not what has been gathered so far", "return leads.mean(dim=-1)",
           "leads = leads.mean(dim=-1)\n    return torch.cat([leads[:1], leads[1:-1] - leads[:-2], leads[-1:]])",
           check="test_every_stream_is_divided_by_the_final_scale"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "the cache's own methods",
        """
def accumulated_attribution(cache, directions):
    streams = cache.accumulated_resid(pos_slice=-1)
    normalized = cache.apply_ln_to_stack(streams, pos_slice=-1)
    return einsum(normalized, directions, "layer batch d_model, batch d_model -> layer") / len(directions)
""",
    ),
]
