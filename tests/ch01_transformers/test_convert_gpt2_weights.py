"""Checks for convert_gpt2_weights, coarse to fine.

The GPT-2 here has 2 heads of 4, d_model 8, d_vocab 7, n_ctx 5. Matrices hold 100 · row + column, so that a number tells
where it came from; everything is moved by a constant of its own, so that no two tensors are alike.
"""

import torch

from course_utils.grading import Accepted, Mutant, agree, require

HEADS, D_HEAD, D_MODEL, D_VOCAB, N_CTX = 2, 4, 8, 7, 5


def numbered(rows: int, columns: int, start: float = 0.0) -> torch.Tensor:
    """A matrix of start + 100 · row + column."""
    return start + 100.0 * torch.arange(rows)[:, None] + torch.arange(columns)


def gpt2(n_layers: int = 2, prefix: str = "transformer.") -> dict[str, torch.Tensor]:
    """A state dict as Hugging Face lays it out, with the mask buffers of older files."""
    weights = {"wte.weight": numbered(D_VOCAB, D_MODEL), "wpe.weight": numbered(N_CTX, D_MODEL, 1000.0)}
    for layer in range(n_layers):
        start = 10_000.0 * layer
        weights |= {
            f"h.{layer}.ln_1.weight": start + 2000.0 + torch.arange(D_MODEL),
            f"h.{layer}.ln_1.bias": start + 2100.0 + torch.arange(D_MODEL),
            f"h.{layer}.attn.bias": torch.ones(1, 1, N_CTX, N_CTX).tril(),
            f"h.{layer}.attn.masked_bias": torch.tensor(-1e4),
            f"h.{layer}.attn.c_attn.weight": numbered(D_MODEL, 3 * D_MODEL, start),
            f"h.{layer}.attn.c_attn.bias": start + 3000.0 + torch.arange(3 * D_MODEL),
            f"h.{layer}.attn.c_proj.weight": numbered(D_MODEL, D_MODEL, start + 4000.0),
            f"h.{layer}.attn.c_proj.bias": start + 5000.0 + torch.arange(D_MODEL),
            f"h.{layer}.ln_2.weight": start + 2200.0 + torch.arange(D_MODEL),
            f"h.{layer}.ln_2.bias": start + 2300.0 + torch.arange(D_MODEL),
            f"h.{layer}.mlp.c_fc.weight": numbered(D_MODEL, 4 * D_MODEL, start + 6000.0),
            f"h.{layer}.mlp.c_fc.bias": start + 7000.0 + torch.arange(4 * D_MODEL),
            f"h.{layer}.mlp.c_proj.weight": numbered(4 * D_MODEL, D_MODEL, start + 8000.0),
            f"h.{layer}.mlp.c_proj.bias": start + 9000.0 + torch.arange(D_MODEL),
        }
    weights |= {"ln_f.weight": 2400.0 + torch.arange(D_MODEL), "ln_f.bias": 2500.0 + torch.arange(D_MODEL)}
    named = {prefix + name: weight for name, weight in weights.items()}
    return named | ({"lm_head.weight": weights["wte.weight"]} if prefix else {})


def shapes(n_layers: int) -> dict[str, tuple[int, ...]]:
    """Every key of the answer, with its shape."""
    d, mlp = D_MODEL, 4 * D_MODEL
    block = {f"attn.W_{part}": (HEADS, d, D_HEAD) for part in "QKV"}
    block |= {f"attn.b_{part}": (HEADS, D_HEAD) for part in "QKV"}
    block |= {"attn.W_O": (HEADS, D_HEAD, d), "attn.b_O": (d,)}
    block |= {"ln1.w": (d,), "ln1.b": (d,), "ln2.w": (d,), "ln2.b": (d,)}
    block |= {"mlp.W_in": (d, mlp), "mlp.b_in": (mlp,), "mlp.W_out": (mlp, d), "mlp.b_out": (d,)}
    whole = {"embed.W_E": (D_VOCAB, d), "pos_embed.W_pos": (N_CTX, d), "ln_final.w": (d,), "ln_final.b": (d,)}
    whole |= {"unembed.W_U": (d, D_VOCAB), "unembed.b_U": (D_VOCAB,)}
    return whole | {f"blocks.{layer}.{name}": shape for layer in range(n_layers) for name, shape in block.items()}


def has_the_keys(ours: dict[str, torch.Tensor], n_layers: int, says: str) -> None:
    """Raise Wrong, with the first few names, where keys are missing or not wanted."""
    wanted = shapes(n_layers)
    missing, extra = [name for name in wanted if name not in ours], [name for name in ours if name not in wanted]
    require(not missing and not extra, says, got={"missing": missing[:3], "not wanted": extra[:3]})


def test_the_keys_are_those_of_your_transformer(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = "Exactly the names of the table, for both layers: your Transformer's load_state_dict refuses any other set."
    has_the_keys(ours, 2, says)


def test_every_tensor_has_the_shape_that_your_transformer_wants(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = "Shapes with 2 heads of 4, d_model = 8, d_mlp = 32, d_vocab = 7: see the table, and the docstring for the heads."
    agree({name: tuple(weight.shape) for name, weight in ours.items()}, shapes(2), says)


def test_the_fused_matrix_holds_queries_then_keys_then_values(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = "Entries hold 100 · row + column. Row 0 of c_attn.weight counts its columns: 0 to 7 make queries, 8 to 15 keys, 16 to 23 values."
    first_row = {part: ours[f"blocks.0.attn.W_{part}"][:, 0].flatten().sort().values for part in "QKV"}
    agree(first_row, {part: torch.arange(8.0) + 8 * i for i, part in enumerate("QKV")}, says)


def test_each_head_has_neighbouring_columns(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = (
        "Entries hold 100 · row + column. Of the eight columns that make queries, 0 to 3 belong to head 0 and 4 to 7 to "
        "head 1. Row 0 of each head is shown."
    )
    agree(ours["blocks.0.attn.W_Q"][:, 0], torch.arange(8.0).reshape(2, 4), says)
    says = "Within a head, d_model (their rows) comes before d_head (their columns). The whole of head 1 is shown."
    agree(ours["blocks.0.attn.W_Q"][1], numbered(D_MODEL, D_HEAD, 4.0), says)


def test_the_fused_bias_is_cut_like_its_matrix(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = "c_attn.bias counts from 3000: b_Q takes 3000 to 3007, b_K 3008 to 3015, b_V 3016 to 3023, four to a head."
    for i, part in enumerate("QKV"):
        expected = 3000.0 + 8 * i + torch.arange(8).reshape(2, 4)
        agree(ours[f"blocks.0.attn.b_{part}"], expected, says)


def test_the_output_matrix_gives_each_head_neighbouring_rows(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = (
        "Entries hold 4000 + 100 · row + column. The rows of c_proj.weight take in what the heads found: rows 0 to 3 from head 0, "
        "4 to 7 from head 1. The whole of head 1 is shown, d_head before d_model."
    )
    agree(ours["blocks.0.attn.W_O"][1], numbered(D_HEAD, D_MODEL, 4400.0), says)
    agree(
        ours["blocks.0.attn.b_O"], 5000.0 + torch.arange(D_MODEL), "b_O is c_proj.bias of the same attention, as it is."
    )


def test_what_is_only_renamed_stays_as_it_was(convert_gpt2_weights):
    theirs, ours = gpt2(), convert_gpt2_weights(gpt2(), HEADS)
    table = {
        "embed.W_E": "wte.weight",
        "pos_embed.W_pos": "wpe.weight",
        "ln_final.w": "ln_f.weight",
        "ln_final.b": "ln_f.bias",
        "blocks.0.ln1.w": "h.0.ln_1.weight",
        "blocks.0.ln1.b": "h.0.ln_1.bias",
        "blocks.0.ln2.w": "h.0.ln_2.weight",
        "blocks.0.ln2.b": "h.0.ln_2.bias",
        "blocks.0.mlp.W_in": "h.0.mlp.c_fc.weight",
        "blocks.0.mlp.b_in": "h.0.mlp.c_fc.bias",
        "blocks.0.mlp.W_out": "h.0.mlp.c_proj.weight",
        "blocks.0.mlp.b_out": "h.0.mlp.c_proj.bias",
    }
    for new, old in table.items():
        agree(ours[new], theirs[f"transformer.{old}"], f"{new} should be their {old}, untouched.")


def test_the_unembedding_is_the_embedding_transposed(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(), HEADS)
    says = "W_U is wte.weight with rows and columns exchanged: column t holds the embedding of token t. Row 1 is shown."
    agree(ours["unembed.W_U"][1], torch.tensor([1.0, 101, 201, 301, 401, 501, 601]), says)
    agree(ours["unembed.b_U"], torch.zeros(D_VOCAB), "GPT-2 has no bias here, so yours is zero for every token.")


def test_every_layer_gets_its_own_weights(convert_gpt2_weights):
    ours = convert_gpt2_weights(gpt2(n_layers=11), HEADS)
    has_the_keys(ours, 11, "This model has eleven layers: their numbers run from 0 to 10, and 10 has two digits.")
    for layer in (1, 9, 10):
        says = f"Layer {layer} of this model counts from {10_000 * layer}: blocks.{layer} takes its weights from h.{layer}."
        agree(ours[f"blocks.{layer}.ln1.w"], 10_000.0 * layer + 2000.0 + torch.arange(D_MODEL), says)
        agree(ours[f"blocks.{layer}.attn.b_V"][0], 10_000.0 * layer + torch.arange(3016.0, 3020.0), says)
        agree(ours[f"blocks.{layer}.mlp.b_out"], 10_000.0 * layer + 9000.0 + torch.arange(D_MODEL), says)


def test_the_bare_model_has_no_prefix_and_no_lm_head(convert_gpt2_weights):
    bare = convert_gpt2_weights(gpt2(n_layers=1, prefix=""), HEADS)
    says = (
        "Without the prefix `transformer.`, and without lm_head.weight, it is still the same model: same keys wanted."
    )
    has_the_keys(bare, 1, says)
    agree(
        bare["unembed.W_U"],
        numbered(D_VOCAB, D_MODEL).T,
        "The unembedding comes from wte.weight, which every GPT-2 has.",
    )


def test_it_holds_for_numbers_drawn_at_random(convert_gpt2_weights):
    theirs = {name: torch.rand_like(weight) for name, weight in gpt2().items()}
    theirs["lm_head.weight"] = theirs["transformer.wte.weight"]
    ours, old = convert_gpt2_weights(dict(theirs), HEADS), "transformer.h.1."
    for head in range(HEADS):
        own = slice(head * D_HEAD, (head + 1) * D_HEAD)
        for i, part in enumerate("QKV"):
            fused = theirs[f"{old}attn.c_attn.weight"][:, i * D_MODEL : (i + 1) * D_MODEL]
            agree(ours[f"blocks.1.attn.W_{part}"][head], fused[:, own], f"Random weights: W_{part} of head {head}.")
        agree(ours["blocks.1.attn.W_O"][head], theirs[f"{old}attn.c_proj.weight"][own], f"W_O of head {head}.")
    for new, name in (("mlp.W_in", "mlp.c_fc.weight"), ("ln2.w", "ln_2.weight"), ("mlp.b_out", "mlp.c_proj.bias")):
        agree(ours[f"blocks.1.{new}"], theirs[old + name], f"Random weights: {new} is their {name}.")


KEYS = "test_the_keys_are_those_of_your_transformer"
SHAPES = "test_every_tensor_has_the_shape_that_your_transformer_wants"
HEAD = "test_each_head_has_neighbouring_columns"
FUSED = "test_the_fused_matrix_holds_queries_then_keys_then_values"
BIAS = "test_the_fused_bias_is_cut_like_its_matrix"
OUT = "test_the_output_matrix_gives_each_head_neighbouring_rows"
RENAMED = "test_what_is_only_renamed_stays_as_it_was"
LAYERS = 'range(1 + max(int(name.split(".")[1]) for name in theirs if name.startswith("h.")))'
W_O = 'ours[f"{new}attn.W_O"] = einops.rearrange(theirs[f"{old}attn.c_proj.weight"], split, head=n_heads)'

MUTANTS = [
    Mutant(
        "the mask buffers are taken along as if they were biases",
        "    return ours",
        '    return ours | {f"blocks.{n[2:]}": w for n, w in theirs.items() if n.endswith(("attn.bias", "masked_bias"))}',
        KEYS,
    ),
    Mutant(
        "the unembedding's bias is left out, since GPT-2 has none",
        ', "unembed.b_U": W_E.new_zeros(len(W_E))}',
        "}",
        KEYS,
    ),
    Mutant("the last layer is missing", "range(1 + max(", "range(max(", KEYS),
    Mutant("the unembedding is not transposed", '"unembed.W_U": W_E.T', '"unembed.W_U": W_E', SHAPES),
    Mutant(
        "the MLP's matrices are transposed, as nn.Linear would need",
        'theirs[f"{old}mlp.{name}.weight"]',
        'theirs[f"{old}mlp.{name}.weight"].T',
        SHAPES,
    ),
    Mutant("d_head comes before d_model in W_Q, W_K, W_V", "-> head d_model d_head", "-> head d_head d_model", SHAPES),
    Mutant(
        "the fused matrix is cut along its rows and not along its columns", "chunk(3, dim=1)", "chunk(3, dim=0)", SHAPES
    ),
    Mutant("keys and queries are exchanged", 'zip("QKV"', 'zip("KQV"', FUSED),
    Mutant("keys and values are exchanged: the order is taken to be q, v, k", 'zip("QKV"', 'zip("QVK"', FUSED),
    Mutant(
        "the fused matrix is taken to hold q, k, v for head 0, then for head 1 (GPT-NeoX does it so)",
        '        weights = theirs[f"{old}attn.c_attn.weight"].chunk(3, dim=1)',
        '        fused = theirs[f"{old}attn.c_attn.weight"]\n'
        '        fused = einops.rearrange(fused, "d (head three d_head) -> three d (head d_head)", three=3, head=n_heads)\n'
        "        weights = tuple(fused)",
        FUSED,
    ),
    Mutant(
        "the fused matrix is transposed before it is cut, as nn.Linear would need",
        ".chunk(3, dim=1)",
        ".T.reshape(len(W_E.T), -1).chunk(3, dim=1)",
        FUSED,
    ),
    Mutant(
        "the columns are dealt out to the heads in turn",
        '"d_model (head d_head) -> head d_model d_head"',
        '"d_model (d_head head) -> head d_model d_head"',
        HEAD,
    ),
    Mutant(
        "a reshape to [head, d_model, d_head] cuts across the rows instead of permuting the axes",
        "einops.rearrange(weight, split, head=n_heads)",
        "weight.reshape(n_heads, len(weight), -1)",
        FUSED,
    ),
    Mutant(
        "the bias's columns are dealt out to the heads in turn",
        '"(head d_head) -> head d_head"',
        '"(d_head head) -> head d_head"',
        BIAS,
    ),
    Mutant(
        "keys and queries have their biases exchanged",
        'in zip("QKV", weights, biases',
        'in zip("QKV", weights, (biases[1], biases[0], biases[2])',
        BIAS,
    ),
    Mutant(
        "c_proj is transposed, as nn.Linear would need (it is square, so no shape complains)",
        W_O,
        W_O.replace('c_proj.weight"]', 'c_proj.weight"].T'),
        OUT,
    ),
    Mutant(
        "the columns of c_proj are given to the heads instead of its rows",
        '"(head d_head) d_model -> head d_head d_model"',
        '"d_model (head d_head) -> head d_head d_model"',
        OUT,
    ),
    Mutant(
        "the rows of c_proj are dealt out to the heads in turn",
        '"(head d_head) d_model -> head d_head d_model"',
        '"(d_head head) d_model -> head d_head d_model"',
        OUT,
    ),
    Mutant(
        "b_O is taken from the MLP's c_proj", 'theirs[f"{old}attn.c_proj.bias"]', 'theirs[f"{old}mlp.c_proj.bias"]', OUT
    ),
    Mutant(
        "the two LayerNorms of a block are exchanged",
        'ours[f"{new}ln{i}.w"] = theirs[f"{old}ln_{i}.weight"]',
        'ours[f"{new}ln{i}.w"] = theirs[f"{old}ln_{3 - int(i)}.weight"]',
        RENAMED,
    ),
    Mutant(
        "weight and bias of the last LayerNorm are exchanged",
        '{"ln_final.w": theirs["ln_f.weight"], "ln_final.b": theirs["ln_f.bias"]}',
        '{"ln_final.w": theirs["ln_f.bias"], "ln_final.b": theirs["ln_f.weight"]}',
        RENAMED,
    ),
    Mutant(
        "the embedding is reshaped to [d_model, d_vocab], which puts the numbers elsewhere",
        "W_E.T,",
        "W_E.reshape(W_E.shape[1], -1),",
        "test_the_unembedding_is_the_embedding_transposed",
    ),
    Mutant(
        "the layer is read from the first digit only",
        LAYERS,
        'sorted({int(name.split(".")[1][0]) for name in theirs if name.startswith("h.")})',
        "test_every_layer_gets_its_own_weights",
    ),
    Mutant(
        "all layers get the first layer's MLP",
        'theirs[f"{old}mlp.{name}.bias"]',
        'theirs[f"h.0.mlp.{name}.bias"]',
        "test_every_layer_gets_its_own_weights",
    ),
    Mutant(
        "layers are looked for only under names that begin with transformer.",
        LAYERS,
        'range(len({name.split(".")[2] for name in state_dict if name.startswith("transformer.h.")}))',
        "test_the_bare_model_has_no_prefix_and_no_lm_head",
    ),
]

ACCEPTED = [
    Accepted(
        "view and permute instead of einops",
        "einops.rearrange(weight, split, head=n_heads)",
        "weight.view(weight.shape[0], n_heads, -1).permute(1, 0, 2)",
    ),
    Accepted("replace instead of removeprefix", 'removeprefix("transformer.")', 'replace("transformer.", "")'),
    Accepted(
        "count distinct layers", LAYERS, 'range(len({name.split(".")[1] for name in theirs if name.startswith("h.")}))'
    ),
    Accepted("probe for layers", LAYERS, '[i for i in range(1000) if f"h.{i}.ln_1.weight" in theirs]'),
    Accepted(
        "lm_head where there is one",
        '"unembed.W_U": W_E.T',
        '"unembed.W_U": theirs.get("lm_head.weight", W_E).T.clone()',
    ),
]
