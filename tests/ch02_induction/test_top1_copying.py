"""Checks for top1_copying, coarse to fine."""

import torch
from torch.overrides import TorchFunctionMode

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import FactoredMatrix

# The own logit is the largest of rows 0, 2, 3, 4 and 7, and positive everywhere; negative entries are often larger in
# size. The table, the tokens and the chunks below are such that every belief gives another fraction.
TABLE = torch.tensor(
    [
        [3.0, -1.4, -0.5, 1.8, -2.5, 0.2, -4.5, -0.9],
        [-3.0, 0.5, 4.5, -1.8, 1.4, -2.5, 0.2, -0.9],
        [-1.4, 0.5, 0.9, -3.0, -2.5, -0.2, -4.5, -1.8],
        [0.2, 0.9, 2.5, 4.5, 1.8, 0.5, 3.0, 1.4],
        [-0.9, 2.5, 1.8, -1.4, 3.0, -4.5, -0.5, 0.2],
        [-0.2, -4.5, 0.5, -3.0, -1.8, 0.9, -2.5, 1.4],
        [1.4, 4.5, -1.8, 0.5, -3.0, -0.9, 0.2, 2.5],
        [-0.5, -3.0, -0.9, 1.8, 1.4, -4.5, 0.2, 2.5],
    ]
)


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
    says = "Rows 0, 2, 3, 4 and 7 have their largest entry in their own column, rows 1, 5 and 6 have not: 5 of 8."
    agree(top1_copying(factored(TABLE), torch.arange(8)), 5 / 8, says)


def test_tokens_say_which_rows_count(top1_copying):
    says = (
        "Asked about tokens 5, 0, 3, 1, 7, 2, three at a time: 0, 3, 7 and 2 are on top of their own rows, 5 and 1 not."
    )
    agree(top1_copying(factored(TABLE), torch.tensor([5, 0, 3, 1, 7, 2]), chunk=3), 4 / 6, says)


def test_all_columns_compete(top1_copying):
    says = (
        "Asked about tokens 0, 1 and 3. In row 1, the own logit 0.5 beats those of tokens 0 and 3, but token 2, not "
        "asked about, has 4.5: hits in rows 0 and 3 only."
    )
    agree(top1_copying(factored(TABLE), torch.tensor([0, 1, 3])), 2 / 3, says)


def test_the_last_chunk_may_be_shorter(top1_copying):
    tokens = torch.tensor([3, 6, 6, 5, 3, 1, 6, 3, 1, 1, 0])
    says = "Eleven tokens in chunks of at most 4: 4, 4 and 3. Four of the eleven are hits (3, 3, 3 and 0)."
    agree(top1_copying(factored(TABLE), tokens, chunk=4), 4 / 11, says)


def test_nothing_large_is_built(top1_copying):
    generator = torch.Generator().manual_seed(0)
    ov = FactoredMatrix(torch.randn(600, 3, generator=generator), torch.randn(3, 600, generator=generator))
    with Largest() as largest:
        top1_copying(ov, torch.arange(0, 600, 2), chunk=10)
    says = "With 600 tokens and chunk=10, no tensor needs more than 10 rows of 600 entries: 6000 numbers."
    require(largest.most <= 12_000, says, expected="at most 6000 numbers", got=f"{largest.most} numbers")


def test_it_holds_for_numbers_drawn_at_random(top1_copying):
    ov = FactoredMatrix(torch.randn(12, 12) + 2 * torch.eye(12), torch.eye(12) + 0.2 * torch.randn(12, 12))
    table, tokens = ov.A @ ov.B, torch.randperm(12)[:7]
    hits = sum(int(row == max(range(12), key=lambda column: float(table[row, column]))) for row in tokens.tolist())
    agree(top1_copying(ov, tokens, chunk=3), hits / 7, "A random table of twelve tokens, asked about seven of them.")


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
    Mutant("the fraction of misses is returned", END, "return 1 - hits / len(tokens)", TOP),
    Mutant("all rows count, whichever tokens were asked about", BODY, BODY.replace("tokens", "torch.arange(ov.ldim)"), ROWS),
    Mutant("the column is compared with the token's place in the list", BODY, "return float(((ov.A[tokens] @ ov.B).argmax(-1) == torch.arange(len(tokens))).float().mean())", ROWS),
    Mutant("the column is compared with the token's place in its chunk", "== rows)", "== torch.arange(len(rows)))", ROWS),
    Mutant("hits are divided by the size of the vocabulary", END, "return hits / ov.ldim", ROWS),
    Mutant("only the tokens asked about compete", HITS, "int((tokens[(ov.A[rows] @ ov.B[:, tokens]).argmax(dim=-1)] == rows).sum())", COLUMNS),
    Mutant("the fractions of the chunks are averaged, though the last one is shorter", BODY,
           f"parts = []\n    for rows in tokens.split(chunk):\n        parts.append({HITS} / len(rows))\n    return sum(parts) / len(parts)", LAST),
    Mutant("what is left over after the last full chunk is dropped", "tokens.split(chunk)", "tokens[: max(1, len(tokens) // chunk) * chunk].split(chunk)", LAST),
    Mutant("what is left over after the last full chunk is dropped, and not counted among the tokens either", BODY,
           "tokens = tokens[: max(1, len(tokens) // chunk) * chunk]\n    " + BODY, LAST),
    Mutant("only the first chunk is looked at", BODY, f"rows = tokens[:chunk]\n    hits = {HITS}\n    {END}", ROWS),
    Mutant("the whole table is multiplied out first", BODY, BODY.replace("    for rows", "    table = ov.AB\n    for rows").replace("(ov.A[rows] @ ov.B)", "table[rows]"), LARGE),
    Mutant("all the rows that are asked about are multiplied out at once", "tokens.split(chunk)", "[tokens]", LARGE),
]  # fmt: skip

ACCEPTED = [
    Accepted("rows of the factored matrix", "(ov.A[rows] @ ov.B)", "ov[rows].AB"),
    Accepted("one row at a time", "tokens.split(chunk)", "tokens.split(1)"),
    Accepted("the own logit against the maximum", HITS, "int(((ov.A[rows] * ov.B[:, rows].T).sum(-1) >= (ov.A[rows] @ ov.B).amax(-1) - 1e-6).sum())"),
    Accepted("a loop over starts", "for rows in tokens.split(chunk):", "for start in range(0, len(tokens), chunk):\n        rows = tokens[start : start + chunk]"),
]  # fmt: skip
