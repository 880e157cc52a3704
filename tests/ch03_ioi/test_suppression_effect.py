"""Checks for suppression_effect: by hand, since a head that looks at one place hands on the value of that place."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9, 6], [0, 2, 6, 5, 3, 3], [0, 7, 7, 8, 10, 1], [0, 1, 10, 2, 6, 6]])
LOOK, ELSE, NAMES = torch.tensor([1, 3, 2, 4]), torch.tensor([3, 1, 4, 1]), torch.tensor([3, 5, 7, 6])


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator) + 0.1)
    return model.requires_grad_(False)


def by_hand(model, layer, head, batch, look=LOOK, elsewhere=ELSE):
    _, cache = model.run_with_cache(TOKENS[:batch])
    falls = []
    for i in range(batch):
        logits = []
        for place in (elsewhere[i], look[i]):
            v, z = cache["v", layer][i, place, head], cache["z", layer][i, -1, head]
            stream = cache["resid_post", 2][i, -1] + (v - z) @ model.blocks[layer].attn.W_O[head]
            normal = (stream - stream.mean()) / cache["scale"][i, -1] * model.ln_final.w + model.ln_final.b
            logits.append(normal @ model.W_U[:, NAMES[i]])
        falls.append(logits[0] - logits[1])
    return torch.stack(falls).mean()


def asked(suppression_effect, model, layer, head, batch=4, look=LOOK, elsewhere=ELSE):
    tokens, (_, cache) = TOKENS[:batch], model.run_with_cache(TOKENS[:batch])
    return suppression_effect(model, tokens, cache, layer, head, look[:batch], elsewhere[:batch], NAMES[:batch])


def test_one_number(suppression_effect):
    got = asked(suppression_effect, tiny(), 1, 0)
    agree(tuple(got.shape), (), "One number for the head: the mean over prompts.")


def test_a_head_that_always_hands_on_the_same(suppression_effect):
    model = tiny()
    model.blocks[1].attn.W_V[1] = 0
    got = asked(suppression_effect, model, 1, 1)
    agree(got, torch.tensor(0.0), "W_V of head 1.1 is 0: wherever it looks it finds b_V, and no logit changes.")


def test_the_logit_elsewhere_minus_the_logit_at_the_name(suppression_effect):
    model = tiny()
    last = torch.tensor([5])
    says = (
        "Head 2.0, one prompt: the logit with its eyes elsewhere (on the last position itself), minus the logit with its "
        "eyes on the name."
    )
    got = asked(suppression_effect, model, 2, 0, batch=1, elsewhere=last)
    agree(got, by_hand(model, 2, 0, 1, elsewhere=last), says)


def test_each_prompt_has_its_own_places(suppression_effect):
    model = tiny()
    says = "Head 2.1, four prompts: places and names differ from prompt to prompt; then the mean is taken."
    agree(asked(suppression_effect, model, 2, 1), by_hand(model, 2, 1, 4), says)


def test_the_other_heads_are_held(suppression_effect):
    model = tiny()
    for layer, head in [(0, 1), (1, 0)]:
        says = f"Head {layer}.{head}: all other heads keep their own z, though they'd react to what it now writes."
        agree(asked(suppression_effect, model, layer, head), by_hand(model, layer, head, 4), says)


def test_it_looks_from_the_last_position_only(suppression_effect):
    model, start = tiny(), torch.zeros(4, dtype=torch.long)
    last = torch.full((4,), 5)
    says = (
        "The head may also be made to look at the last position itself, or at the start: nobody else looks elsewhere."
    )
    agree(
        asked(suppression_effect, model, 1, 1, look=last, elsewhere=start), by_hand(model, 1, 1, 4, last, start), says
    )


def test_nothing_is_left_behind(suppression_effect):
    model = tiny()
    _, cache = model.run_with_cache(TOKENS)
    before = {name: value.clone() for name, value in cache.items()}
    suppression_effect(model, TOKENS, cache, 1, 0, LOOK, ELSE, NAMES)
    left = [name for name, point in model.hook_dict.items() if point.hooks]
    require(not left, "After the call the model has no hooks.", expected=[], got=left)
    changed = [name for name, value in cache.items() if not torch.equal(value, before[name])]
    require(not changed, "The cache stays as it was: write into a clone.", expected=[], got=changed)


ONE, OWN, HELD = (
    "pattern[rows, head, -1, places] = 1",
    "held[:, :, head] = z[:, :, head]",
    "test_the_other_heads_are_held",
)
RUN, RETURN = "[rows, -1, names].mean()", "return logit(elsewhere) - logit(look_at)"
FIRST = "test_the_logit_elsewhere_minus_the_logit_at_the_name"
NOTHING = "the head's own z is held too, or the logit isn't read at the end, so that nothing can change"
FREE = "the scale is left free, whether the other heads are held or not"
MUTANTS = [
    Mutant("prompts are not averaged", RUN, "[rows, -1, names]", "test_one_number"),
    Mutant("a head that copies has the positive sign", RETURN, "return logit(look_at) - logit(elsewhere)", FIRST),
    Mutant("the comparison is with the run as it always is", RETURN,
           "return model(tokens)[rows, -1, names].mean() - logit(look_at)", FIRST),
    Mutant("the attention that it paid before is left where it was", "            pattern[:, head, -1] = 0\n", "",
           "test_a_head_that_always_hands_on_the_same"),
    Mutant("the head is made to look with half of its attention", ONE, ONE.replace("= 1", "= 0.5"), FIRST),
    Mutant("query and key are confused: places look at the last position", ONE, "pattern[rows, head, places, -1] = 1", FIRST),
    Mutant(NOTHING, OWN, "pass", FIRST),
    Mutant(NOTHING, RUN, "[rows, look_at, names].mean()", FIRST),
    Mutant("the logit is read at the place that the head looks at, and not at the end", RUN, "[rows, places, names].mean()",
           "test_a_head_that_always_hands_on_the_same"),
    Mutant("prompts are summed", RUN, "[rows, -1, names].sum()", "test_each_prompt_has_its_own_places"),
    Mutant("every prompt is read for every prompt's name", RUN, "[:, -1, names].mean()", "test_each_prompt_has_its_own_places"),
    Mutant("every prompt looks where the first one does", "pattern[rows, head, -1, places] = 1", "pattern[:, head, -1, places[0]] = 1",
           "test_each_prompt_has_its_own_places"),
    Mutant(FREE, '("blocks.*.attn.hook_z", hold), ("ln_final.hook_scale", hold_scale)', "", FIRST),
    Mutant(FREE, ', ("ln_final.hook_scale", hold_scale)]', "]", FIRST),
    Mutant("the other heads aren't held, and react", '("blocks.*.attn.hook_z", hold), ', "", HELD),
    Mutant("only heads of the same layer are held", '("blocks.*.attn.hook_z", hold)', '(f"blocks.{layer}.attn.hook_z", hold)', HELD),
    Mutant("the head is looked for in every layer, and never held", "if hook.layer() == layer:", "if True:", HELD),
    Mutant("the log-probability is read, and not the logit", "[rows, -1, names]", ".log_softmax(dim=-1)[rows, -1, names]", FIRST),
    Mutant("the last place can't be looked at, as if a head couldn't look at itself", ONE,
           "pattern[rows, head, -1, places.clamp(max=pattern.shape[-1] - 2)] = 1", FIRST),
    Mutant("the start can't be looked at, as if it were no place", ONE, "pattern[rows, head, -1, places.clamp(min=1)] = 1",
           "test_it_looks_from_the_last_position_only"),
    Mutant("the cache itself is written into", "cache[hook.name].clone()", "cache[hook.name]", "test_nothing_is_left_behind"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "no run at all: the difference of two values, written, normalised by the scale and unembedded",
        """
def suppression_effect(model, tokens, cache, layer, head, look_at, elsewhere, names):
    rows, attn = torch.arange(len(tokens)), model.blocks[layer].attn
    value = cache["v", layer][rows, elsewhere, head] - cache["v", layer][rows, look_at, head]
    written = value @ attn.W_O[head]
    normal = (written - written.mean(dim=-1, keepdim=True)) / cache["scale"][:, -1] * getattr(model.ln_final, "w", 1)
    return (normal * model.W_U[:, names].T).sum(dim=-1).mean()
""",
    ),
    Accepted.whole(
        "z replaced by the value of the one place",
        """
def suppression_effect(model, tokens, cache, layer, head, look_at, elsewhere, names):
    rows = torch.arange(len(tokens))
    logits = []
    for places in (elsewhere, look_at):
        def put(z, hook, places=places):
            z[:] = cache[hook.name]
            if hook.layer() == layer:
                z[:, -1, head] = cache["v", layer][rows, places, head]
        hooks = [("blocks.*.attn.hook_z", put), ("ln_final.hook_scale", lambda s, hook: cache["scale"])]
        logits.append(model.run_with_hooks(tokens, fwd_hooks=hooks)[rows, -1, names])
    return (logits[0] - logits[1]).mean()
""",
    ),
]
