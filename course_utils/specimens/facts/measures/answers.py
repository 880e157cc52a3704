"""What a model says where a passage holds a marked word: how often it is right, and how sure of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.data.microworld.passage import Passage
from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.tokenizer import encode_passage, ids_by_word
from course_utils.model import HookedTransformer

SEED = 999_000_000  # trainings read the text of seeds below this
BATCH = 64

Accepted = Callable[[Passage], Iterable[str]]


class Place(NamedTuple):
    """A word that was marked: its passage and its position among the passage's words."""

    passage: Passage
    position: int

    @property
    def word(self) -> str:
        return self.passage.words[self.position]


def unread(kind: str, count: int, families: Iterable[str | None] = (None,), held_out: bool = False) -> list[Passage]:
    """So many passages of each family of a kind (None: the kind's own mixture), always the same; in no training.

    held_out: passages about combinations that no training showed, for the kinds that keep some back.
    """
    passages = []
    for number, family in enumerate(families):
        passages += Microworld(SEED + number, held_out=held_out).some(count, kind, family)
    return passages


def padded(passages: Sequence[Passage]) -> Int[Tensor, "batch pos"]:
    """A row a passage, with the token that opens a text in front and padding behind, which no word before it sees."""
    rows = [encode_passage(passage) for passage in passages]
    longest = max(map(len, rows))
    return torch.tensor([row + row[:1] * (longest - len(row)) for row in rows])


def batches(passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    """The passages in small groups of about one length."""
    ordered = sorted(passages, key=lambda passage: len(passage.words))
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def logits_before(
    model: HookedTransformer, passages: Sequence[Passage], role: str = "answer"
) -> tuple[Float[Tensor, "places d_vocab"], list[Place]]:
    """What the model expects at every word with this role, knowing the words before it; and these words.

    Raises CourseError if no passage has such a word.
    """
    found: list[Tensor] = []
    places: list[Place] = []
    for group in batches(passages):
        here = [(row, position) for row, p in enumerate(group) for position in p.marks.get(role, ())]
        if here:
            with torch.no_grad():
                logits = model(padded(group))
            rows, positions = zip(*here, strict=True)
            found.append(logits[list(rows), list(positions)])  # word i is token i + 1, so that token i foretells it
            places += [Place(group[row], position) for row, position in here]
    if not found:
        raise CourseError(f"None of these {len(passages)} passages has a word with the role {role!r}.")
    return torch.cat(found), places


def answers_right(
    model: HookedTransformer,
    passages: Sequence[Passage],
    role: str = "answer",
    accepted: Accepted | None = None,
    among: Iterable[str] = (),
) -> float:
    """How often the word that the model finds most likely, at a word with this role, is right.

    accepted: the words that are right in a passage, if not only the one that stands there. among: the words compared,
    if not the whole vocabulary.
    """
    logits, places = logits_before(model, passages, role)
    if among:
        logits = logits.masked_fill(~words_mask(among, logits.shape[-1]), -torch.inf)
    best = logits.argmax(dim=-1)
    return _right(places, accepted, logits.shape[-1])[torch.arange(len(places)), best].float().mean().item()


def share_of_mass(
    model: HookedTransformer, passages: Sequence[Passage], role: str = "answer", accepted: Accepted | None = None
) -> float:
    """The probability that the model gives to the right words (see `answers_right`), on average."""
    logits, places = logits_before(model, passages, role)
    right = _right(places, accepted, logits.shape[-1])
    return (logits.softmax(dim=-1) * right).sum(dim=-1).mean().item()


def words_mask(words: Iterable[str], size: int) -> Bool[Tensor, "d_vocab"]:
    """True at the tokens of these words."""
    ids = ids_by_word()
    mask = torch.zeros(size, dtype=torch.bool)
    mask[[ids[word] for word in words]] = True
    return mask


def _right(places: Sequence[Place], accepted: Accepted | None, size: int) -> Bool[Tensor, "places d_vocab"]:
    words = ((place.word,) if accepted is None else accepted(place.passage) for place in places)
    return torch.stack([words_mask(some, size) for some in words])
