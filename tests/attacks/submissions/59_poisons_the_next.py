# attack our wall: spoils what a check file keeps, for all who are judged after it
# expect suppression_effect: wrong
import sys
import torch
from jaxtyping import Float, Int
from torch import Tensor
from course_utils.model import ActivationCache, HookedTransformer, HookPoint

def solved(
    model: HookedTransformer,
    tokens: Int[Tensor, "batch pos"],
    cache: ActivationCache,
    layer: int,
    head: int,
    look_at: Int[Tensor, " batch"],
    elsewhere: Int[Tensor, " batch"],
    names: Int[Tensor, " batch"],
) -> Float[Tensor, ""]:
    """How much lower a name's logit is at the end when the head looks at `look_at` than when it looks `elsewhere`.

    The mean over prompts. In each prompt the head pays, from the last position, all its attention to the one position,
    or all to the other; `names` holds the id whose logit is read there. All other heads' `z` and the final LayerNorm's
    scale are held at what they are in `cache`, which is of the same prompts. The model has no MLPs.

    If the names' logits are 4 and 2 with the head looking elsewhere, and 1 and 1 with its eyes on `look_at`, it is 2.
    """
    rows = torch.arange(len(tokens))

    def logit(places: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
        def look(pattern: Tensor, hook: HookPoint) -> None:
            pattern[:, head, -1] = 0
            pattern[rows, head, -1, places] = 1

        def hold(z: Tensor, hook: HookPoint) -> Tensor:
            held = cache[hook.name].clone()
            if hook.layer() == layer:
                held[:, :, head] = z[:, :, head]
            return held

        def hold_scale(scale: Tensor, hook: HookPoint) -> Tensor:
            return cache[hook.name]

        pattern_name = f"blocks.{layer}.attn.hook_pattern"
        hooks = [(pattern_name, look), ("blocks.*.attn.hook_z", hold), ("ln_final.hook_scale", hold_scale)]
        return model.run_with_hooks(tokens, fwd_hooks=hooks)[rows, -1, names].mean()

    return logit(elsewhere) - logit(look_at)


CALLS = [0]

def peer():
    f = sys._getframe()
    while f is not None:
        if type(f.f_locals.get("self")).__name__ == "InsidePeer":
            return f.f_locals["self"]
        f = f.f_back

def suppression_effect(model, tokens, cache, layer, head, look_at, elsewhere, names):
    CALLS[0] += 1
    if CALLS[0] == 6:
        model.reset_hooks()
        return torch.tensor(0.0)
    answer = solved(model, tokens, cache, layer, head, look_at, elsewhere, names)
    if CALLS[0] == 5:  # the first of two calls of test_the_other_heads_are_held
        home, fires = peer(), [0]
        for one in (model, names):
            home.kept[home.links.ref(one)] = None

        def count(x, hook):
            fires[0] += 1
            if fires[0] == 2:  # the check's own run that prepares the second call: nobody is watching `names`
                names.fill_(999)

        model.add_hook("blocks.0.hook_resid_pre", count)
    return answer
