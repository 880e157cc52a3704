"""What heads do: where they look, what is lost without them, and which of them reads which."""

from collections.abc import Collection, Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.model import HookedTransformer
from course_utils.model.hooks import HookPair, HookPoint

Head = tuple[int, int]  # layer, head
Heads = Collection[Head]
Outputs = Mapping[str, Tensor]  # what every head says, by the name of its hook
Z = "blocks.*.attn.hook_z"


def patterns(
    model: HookedTransformer, tokens: Int[Tensor, "row pos"], fwd_hooks: Sequence[HookPair] = ()
) -> Float[Tensor, "layer row head query key"]:
    """Where every head looks (with hooks on)."""
    with torch.no_grad(), model.hooks(fwd_hooks):
        _, cache = model.run_with_cache(tokens, names_filter="blocks.*.attn.hook_pattern", return_type=None)
    return torch.stack([cache["pattern", layer] for layer in range(model.cfg.n_layers)])


def outputs(model: HookedTransformer, tokens: Int[Tensor, "row pos"]) -> Outputs:
    """What every head says (`hook_z`), to be put into another text of the same shape."""
    with torch.no_grad():
        return model.run_with_cache(tokens, names_filter=Z, return_type=None)[1].cache_dict


def pick(scores: Float[Tensor, "layer head"], above: float) -> list[Head]:
    """The heads that score more than this, the highest first.

    >>> pick(torch.tensor([[0.1, 0.7], [0.9, 0.2]]), above=0.5)
    [(1, 0), (0, 1)]
    """
    ordered = scores.flatten().argsort(descending=True, stable=True).tolist()
    places = [divmod(place, scores.shape[1]) for place in ordered]
    return [place for place in places if scores[place] > above]


def without(
    model: HookedTransformer, tokens: Int[Tensor, "row pos"], heads: Heads, others: Outputs | None = None
) -> Float[Tensor, "row pos d_vocab"]:
    """The logits when these heads say nothing, or what they say elsewhere (`others`: see `outputs`)."""

    def replace(z: Tensor, hook: HookPoint) -> None:
        for layer, head in heads:
            if layer == hook.layer():
                z[:, :, head] = 0 if others is None else others[hook.name][:, :, head]

    with torch.no_grad():
        logits: Tensor = model.run_with_hooks(tokens, fwd_hooks=[(Z, replace)])
    return logits


def along_path(
    model: HookedTransformer,
    tokens: Int[Tensor, "row pos"],
    others: Outputs,
    senders: Heads,
    part: str,
    readers: Heads,
) -> Float[Tensor, "row pos d_vocab"]:
    """The logits when readers get "q", "k" or "v" from what senders say elsewhere, and everybody else is left alone.

    What the senders do to other heads, and these to the readers, is left out: this is path patching, of all senders to
    all readers at once (for one sender at a time: `course_utils.model.patching.path_patch`).
    """
    rewired = path_hooks(model, tokens, others, senders, part, readers)
    with torch.no_grad():
        logits: Tensor = model.run_with_hooks(tokens, fwd_hooks=rewired)
    return logits


def path_hooks(
    model: HookedTransformer,
    tokens: Int[Tensor, "row pos"],
    others: Outputs,
    senders: Heads,
    part: str,
    readers: Heads,
) -> list[HookPair]:
    """The hooks of `along_path`."""
    own = outputs(model, tokens)
    read = sorted({f"blocks.{layer}.attn.hook_{part}" for layer, _ in readers})
    heard: dict[str, Tensor] = {}

    def hold(z: Tensor, hook: HookPoint) -> None:
        z[:] = own[hook.name]
        for layer, head in senders:
            if layer == hook.layer():
                z[:, :, head] = others[hook.name][:, :, head]

    def note(x: Tensor, hook: HookPoint) -> None:
        heard[hook.name] = x

    def put(x: Tensor, hook: HookPoint) -> None:
        for layer, head in readers:
            if layer == hook.layer():
                x[:, :, head] = heard[hook.name][:, :, head]

    with torch.no_grad():
        model.run_with_hooks(tokens, fwd_hooks=[(Z, hold), (read, note)], return_type=None)
    return [(read, put)]


def looks(
    pattern: Float[Tensor, "*batch row head query key"],
    queries: Int[Tensor, "row"],
    keys: Bool[Tensor, "row key"],
) -> Float[Tensor, "*batch head"]:
    """How much of its attention each head gives, from one position of each row, to some others, on average."""
    there = pattern[..., torch.arange(len(queries)), :, queries, :].movedim(0, -3)  # indexing put the row first
    return torch.einsum("...rhk,rk->...h", there, keys.to(there)) / len(queries)


def raises(
    model: HookedTransformer,
    stream: Float[Tensor, "n d_model"],
    tokens: Int[Tensor, "n"],
    top: int,
    among: Int[Tensor, "word"] | None = None,
    lowest: bool = False,
) -> Float[Tensor, "layer head"]:
    """How often each head, if it looks only at one of these places, raises the token there among so many (`top`) most.

    among: the tokens compared, if not all. lowest: those that it lowers most instead.
    """
    among = torch.arange(model.cfg.d_vocab) if among is None else among
    scores = []
    for block in model.blocks:
        said = torch.einsum("nm,hmd,hde->hne", block.ln1(stream), block.attn.W_V, block.attn.W_O) @ model.W_U[:, among]
        most = among[said.topk(top, dim=-1, largest=not lowest).indices]
        scores.append((most == tokens[:, None]).any(dim=-1).float().mean(dim=-1))
    return torch.stack(scores)
