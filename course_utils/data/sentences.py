"""Sentences of a made-up English: small enough to learn in a minute, rich enough that context matters.

The grammar. A text is a row of sentences, each of one of four kinds, all equally likely. Words in capitals are drawn
uniformly from the lists below; a word drawn once in a sentence is the same wherever its capitals come again.

    when NAME1 and NAME2 WENT to the PLACE , GIVER GAVE a THING1 to OTHER .
    the QUALITY NOUN1 NEAR the NOUN2 VERB MANNER .
    NAME1 LOST HIS THING1 because HE WANTED a THING2 .
    yesterday NAME1 PUT the THING1 in the PLACE and today NAME1 TOOK the THING1 from the PLACE .

GIVER is NAME1 or NAME2, and OTHER is the one who is left. HIS and HE follow NAME1 (her, she). VERB agrees in number
with NOUN1, whatever the number of NOUN2. Two names, nouns or things in one sentence are never the same.

So some words are pure chance, some a choice between two, and some fixed by what came before. Since every choice is
uniform and each kind begins in its own way, the surprise of every word is known exactly, and with it the loss of a
perfect model.
"""

import difflib
import math
import random
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError

KINDS = (
    "when NAME1 and NAME2 WENT to the PLACE , GIVER GAVE a THING1 to OTHER .",
    "the QUALITY NOUN1 NEAR the NOUN2 VERB MANNER .",
    "NAME1 LOST HIS THING1 because HE WANTED a THING2 .",
    "yesterday NAME1 PUT the THING1 in the PLACE and today NAME1 TOOK the THING1 from the PLACE .",
)
LEXICON = """
    WOMAN   ada bea clara dora elsa flora greta hanna ida julia karla lena
    MAN     abel boris carl david emil felix georg hugo ivan jonas karl leo
    PLACE   market garden harbour school kitchen forest library station castle cellar tower museum mill barn
    THING   lamp kite boat coin drum book ring rope bell hat map cup knife basket mirror candle brush flute letter
    QUALITY old young small tall quiet happy tired brave clever gentle proud hungry lazy kind strange busy
    ONE     farmer painter teacher baker sailor doctor poet guard dog cat horse bird fox bear duck frog
    MANY    farmers painters teachers bakers sailors doctors poets guards dogs cats horses birds foxes bears ducks frogs
    DOES    sings sleeps waits dances reads runs works laughs eats walks plays rests
    DO      sing sleep wait dance read run work laugh eat walk play rest
    MANNER  slowly quickly softly loudly alone gladly outside inside often rarely here there
    NEAR    near behind beside before with
    WENT    went drove hurried returned travelled
    GAVE    gave handed sold sent lent showed
    LOST    lost broke forgot dropped
    WANTED  wanted needed bought found
    PUT     put hid left kept
    TOOK    took stole carried brought
"""
WORDS = {name: words for name, *words in map(str.split, LEXICON.strip().splitlines())}
FULL_STOP = "."


class WordTokenizer:
    """One token a word, full stops and commas included; words are separated by spaces."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._id_of = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        """The ids of the words of `text`. Raises CourseError for a word that this English doesn't have."""
        for word in text.split():
            if word not in self._id_of:
                near = difflib.get_close_matches(word, self.words, n=3)
                such_as = f", such as {', '.join(near)}" if near else ""
                raise CourseError(f"This English has no word {word!r}. Use one of `tokenizer.words`{such_as}.")
        return [self._id_of[word] for word in text.split()]

    def decode(self, ids: Sequence[int] | Int[Tensor, "pos"]) -> str:
        """The words behind the ids, joined by spaces."""
        return " ".join(self.words[int(i)] for i in ids)


class Sentences:
    """An endless text, the same for the same seed.

    >>> sentences = Sentences(seed=0)
    >>> sentences.batch(2, 5).shape
    torch.Size([2, 5])
    >>> sentences.tokenizer.decode(sentences.tokenizer.encode("ada lost her hat ."))
    'ada lost her hat .'
    """

    def __init__(self, seed: int = 0) -> None:
        self.tokenizer = WordTokenizer(vocabulary())
        self._random = random.Random(seed)

    def sentence(self) -> str:
        """The next sentence, full stop included."""
        return " ".join(word for word, _ in self._words())

    def batch(self, batch: int, length: int) -> Int[Tensor, "batch pos"]:
        """Rows of `length` tokens: a full stop, then whole sentences, the last one cut where the row ends."""
        return self.scored_batch(batch, length)[0]

    def scored_batch(self, batch: int, length: int) -> tuple[Int[Tensor, "batch pos"], Float[Tensor, "batch pos"]]:
        """A batch, and each token's surprise: -ln of its probability given all before it, 0 where that decides it.

        The first token of a row is given, so its surprise is 0. The mean of the others is the loss of a perfect model.
        """
        rows = [self._row(length) for _ in range(batch)]
        tokens = [self.tokenizer.encode(" ".join(word for word, _ in row)) for row in rows]
        return torch.tensor(tokens), torch.tensor([[surprise for _, surprise in row] for row in rows])

    def _row(self, length: int) -> list[tuple[str, float]]:
        row = [(FULL_STOP, 0.0)]
        while len(row) < length:
            row.extend(self._words())
        return row[:length]

    def _words(self) -> Iterator[tuple[str, float]]:
        """The words of one sentence, each with its surprise in nats."""
        drawn: dict[str, str] = {}
        undecided = math.log(len(KINDS))  # the first word also tells which kind of sentence this is
        for part in self._random.choice(KINDS).split():
            surprise = 0.0
            if part.isupper() and part not in drawn:
                options = _options(part, drawn)
                drawn[part] = self._random.choice(options)
                surprise = math.log(len(options))
            yield drawn.get(part, part), surprise + undecided
            undecided = 0.0


def is_sentence(text: str) -> bool:
    """Whether the grammar could have made this one sentence, agreement and repeated words included.

    >>> is_sentence("ada lost her hat because she found a lamp .")
    True
    >>> is_sentence("ada lost his hat because she found a lamp .")
    False
    """
    words = text.split()
    return any(_fits(words, kind.split()) for kind in KINDS)


def vocabulary() -> list[str]:
    """Every word that a sentence can hold: the full stop first, the rest in alphabetical order."""
    fixed = {part for kind in KINDS for part in kind.split() if not part.isupper()} | {"he", "she", "his", "her"}
    drawn = {word for words in WORDS.values() for word in words}
    return [FULL_STOP, *sorted((fixed | drawn) - {FULL_STOP})]


def _fits(words: Sequence[str], parts: Sequence[str]) -> bool:
    if len(words) != len(parts):
        return False
    drawn: dict[str, str] = {}
    for word, part in zip(words, parts, strict=True):
        if part.isupper() and part not in drawn:
            if word not in _options(part, drawn):
                return False
            drawn[part] = word
        if word != drawn.get(part, part):
            return False
    return True


def _options(slot: str, drawn: dict[str, str]) -> Sequence[str]:
    """The words that a slot may take, given those drawn before it in the sentence."""
    match slot:
        case "NAME1" | "NAME2":
            words = WORDS["WOMAN"] + WORDS["MAN"]
        case "GIVER":
            return [drawn["NAME1"], drawn["NAME2"]]
        case "OTHER":
            return [drawn["NAME2"] if drawn["GIVER"] == drawn["NAME1"] else drawn["NAME1"]]
        case "HE":
            return ["she" if drawn["NAME1"] in WORDS["WOMAN"] else "he"]
        case "HIS":
            return ["her" if drawn["NAME1"] in WORDS["WOMAN"] else "his"]
        case "NOUN1" | "NOUN2":
            words = WORDS["ONE"] + WORDS["MANY"]
        case "VERB":
            return WORDS["DOES"] if drawn["NOUN1"] in WORDS["ONE"] else WORDS["DO"]
        case _:
            words = WORDS[slot.rstrip("12")]
    return [word for word in words if word not in drawn.values()]
