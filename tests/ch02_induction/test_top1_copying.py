"""Checks for top1_copying, coarse to fine."""

import torch
from torch.overrides import TorchFunctionMode

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import FactoredMatrix

# Row by row: own logit first; second of two; first; last. Column by column, only token 3 is on top.
TABLE = torch.tensor([[0.1, 0.0, -2.0, 0.05], [0.2, 0.3, 0.4, 0.1], [0.0, 0.5, 0.6, 0.0], [0.8, 0.7, 0.75, 0.2]])


class Largest(TorchFunctionMode):
    """Remembers the most numbers that any tensor made inside had."""

    most = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            if isinstance(tensor, torch.Tensor):
                self.most = max(self.most, tensor.numel())
        return made


def factored(table):
    return FactoredMatrix(torch.eye(len(table)), table)


def test_the_largest_of_a_row_stands_on_the_diagonal(top1_copying):
    says = "Rows 0 and 2 have their largest entry in their own column, rows 1 and 3 have not: 2 of 4."
    agree(top1_copying(factored(TABLE), torch.arange(4)), 0.5, says)


def test_tokens_say_which_rows_count(top1_copying):
    says = "Asked about tokens 2, 0 and 1 only: rows 2 and 0 have their own token on top, row 1 has not."
    agree(top1_copying(factored(TABLE), torch.tensor([2, 0, 1])), 2 / 3, says)


def test_all_columns_compete(top1_copying):
    says = (
        "Asked about tokens 1 and 3. In row 1, the own logit 0.3 beats that of token 3, but token 2, not asked "
        "about, has 0.4: no hit in either row."
    )
    agree(top1_copying(factored(TABLE), torch.tensor([1, 3])), 0.0, says)


def test_the_last_chunk_may_be_shorter(top1_copying):
    tokens = torch.tensor([0, 2, 1, 3, 0])
    says = "Five tokens in chunks of at most 2: 2, 2 and 1. Three of the five are hits, whatever the chunks."
    agree(top1_copying(factored(TABLE), tokens, chunk=2), 0.6, says)
    agree(top1_copying(factored(TABLE), tokens, chunk=4), 0.6, says)


def test_nothing_large_is_built(top1_copying):
    generator = torch.Generator().manual_seed(0)
    ov = FactoredMatrix(torch.randn(600, 3, generator=generator), torch.randn(3, 600, generator=generator))
    with Largest() as largest:
        top1_copying(ov, torch.arange(0, 600, 2), chunk=10)
    says = "With 600 tokens and chunk=10, no tensor needs more than 10 rows of 600 entries: 6000 numbers."
    require(largest.most <= 12_000, says, expected="at most 6000 numbers", got=f"{largest.most} numbers")


HITS = "int(((ov.A[rows] @ ov.B).argmax(dim=-1) == rows).sum())"
END = "return hits / len(tokens)"
BODY = f"hits = 0\n    for rows in tokens.split(chunk):\n        hits += {HITS}\n    {END}"
TOP, ROWS, COLUMNS = (
    "test_the_largest_of_a_row_stands_on_the_diagonal",
    "test_tokens_say_which_rows_count",
    "test_all_columns_compete",
)
LAST, LARGE = "test_the_last_chunk_may_be_shorter", "test_nothing_large_is_built"

MUTANTS = [
    Mutant("the largest of each column is asked for", BODY, "return float((ov.AB.argmax(dim=0) == torch.arange(ov.ldim))[tokens].float().mean())", TOP),
    Mutant("the largest absolute value is asked for", "@ ov.B).argmax", "@ ov.B).abs().argmax", TOP),
    Mutant("it is enough that the own logit is raised", HITS, "int(((ov.A[rows] * ov.B[:, rows].T).sum(-1) > 0).sum())", TOP),
    Mutant("it is enough that the own logit is above the average of its row", HITS,
           "int(((ov.A[rows] * ov.B[:, rows].T).sum(-1) > (ov.A[rows] @ ov.B).mean(-1)).sum())", TOP),
    Mutant("the own word must get more than half of the row's softmax", HITS,
           "int(((ov.A[rows] @ ov.B).softmax(-1).gather(1, rows[:, None]) > 0.5).sum())", TOP),
    Mutant("it is enough to be among the two largest", HITS, "int(((ov.A[rows] @ ov.B).topk(2).indices == rows[:, None]).sum())", TOP),
    Mutant("the smallest entry is asked for", ").argmax(", ").argmin(", TOP),
    Mutant("hits are counted and not divided", END, "return float(hits)", TOP),
    Mutant("the fraction of misses is returned", END, "return 1 - hits / len(tokens)", ROWS),
    Mutant("all rows count, whichever tokens were asked about", BODY, BODY.replace("tokens", "torch.arange(ov.ldim)"), ROWS),
    Mutant("the column is compared with the token's place in the list", BODY, "return float(((ov.A[tokens] @ ov.B).argmax(-1) == torch.arange(len(tokens))).float().mean())", ROWS),
    Mutant("hits are divided by the size of the vocabulary", END, "return hits / ov.ldim", ROWS),
    Mutant("only the tokens asked about compete", HITS, "int((tokens[(ov.A[rows] @ ov.B[:, tokens]).argmax(dim=-1)] == rows).sum())", COLUMNS),
    Mutant("the fractions of the chunks are averaged, though the last one is shorter", BODY,
           f"parts = []\n    for rows in tokens.split(chunk):\n        parts.append({HITS} / len(rows))\n    return sum(parts) / len(parts)", LAST),
    Mutant("what is left over after the last full chunk is dropped", "tokens.split(chunk)", "tokens[: max(1, len(tokens) // chunk) * chunk].split(chunk)", LAST),
    Mutant("only the first chunk is looked at", BODY, f"rows = tokens[:chunk]\n    hits = {HITS}\n    {END}", LAST),
    Mutant("the whole table is multiplied out first", BODY, BODY.replace("    for rows", "    table = ov.AB\n    for rows").replace("(ov.A[rows] @ ov.B)", "table[rows]"), LARGE),
    Mutant("all the rows that are asked about are multiplied out at once", "tokens.split(chunk)", "[tokens]", LARGE),
]  # fmt: skip

ACCEPTED = [
    Accepted("rows of the factored matrix", "(ov.A[rows] @ ov.B)", "ov[rows].AB"),
    Accepted("one row at a time", "tokens.split(chunk)", "tokens.split(1)"),
    Accepted("the own logit against the maximum", HITS, "int(((ov.A[rows] * ov.B[:, rows].T).sum(-1) >= (ov.A[rows] @ ov.B).amax(-1) - 1e-6).sum())"),
    Accepted("a loop over starts", "for rows in tokens.split(chunk):", "for start in range(0, len(tokens), chunk):\n        rows = tokens[start : start + chunk]"),
]  # fmt: skip
