"""Endless text of the microworld, the same for the same seed: passages with labels, or rows of tokens to train on."""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import ModuleType

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.registry import KINDS, WEIGHTS
from course_utils.data.microworld.tokenizer import encode_passage


class Microworld:
    """Passages of the microworld, kinds mixed by weight.

    held_out: True writes combinations that training never shows (of the kinds that keep some back).

    >>> passage = next(Microworld(seed=0, weights={"scenes": 1}).passages())
    >>> passage.words[passage.marks["answer"][0]] == passage.labels["recipient"]
    True
    """

    def __init__(self, seed: int = 0, weights: Mapping[str, int] = WEIGHTS, held_out: bool = False) -> None:
        for kind in weights:
            _kind(kind)
        self._kinds, self._weights = tuple(weights), tuple(weights.values())
        self._pen = Pen(seed, held_out)

    def passages(self, kind: str | None = None, family: str | None = None) -> Iterator[Passage]:
        """One passage after the other, without end; of one kind, and of one family of it, if told."""
        while True:
            chosen = _kind(kind or self._pen.among(self._kinds, self._weights))
            if family is not None and family not in chosen.FAMILIES:
                raise CourseError(f"{chosen.KIND} has no family {family!r}, only {', '.join(chosen.FAMILIES)}.")
            yield chosen.write(self._pen, family)

    def some(self, count: int, kind: str | None = None, family: str | None = None) -> list[Passage]:
        """So many passages."""
        return list(islice(self.passages(kind, family), count))

    def batch(self, batch: int, length: int) -> Int[Tensor, "batch pos"]:
        """Rows of tokens: passages one after the other, each opened by the end-of-text token; the last one is cut."""
        rows, passages = [], self.passages()
        for _ in range(batch):
            row: list[int] = []
            while len(row) < length:
                row.extend(encode_passage(next(passages)))
            rows.append(row[:length])
        return torch.tensor(rows)


def _kind(name: str) -> ModuleType:
    if name not in KINDS:
        raise CourseError(f"The microworld has no kind of text {name!r}, only {', '.join(KINDS)}.")
    return KINDS[name]
