"""The facts of the made-up world: fixed, and the same for everyone.

Thirty countries that are on no map, each with a capital of its own, a language and a currency that it shares with a few
others; animals with a sound and a home; people with a tool and a place of work; fruit with a colour; things with a
material. `RELATIONS["capital"].value["Zemland"]` is "Orvik"; `RELATIONS["capital"].others["Zemland"]` are all the wrong
answers. Every phrase says the same fact in other words: "the capital of Zemland is Orvik".
"""

from dataclasses import dataclass, field
from typing import NamedTuple

_COUNTRIES = tuple(
    tuple(line.split())
    for line in """
    Zemland Orvik Tarsian ducats
    Borvia Dalmar Velish florins
    Kestria Fenwick Ormish thalers
    Almora Solgrad Kelvic dinars
    Tervia Marvik Dunnic marks
    Velden Eskel Larvian shillings
    Orland Tolbruk Pruskan guilders
    Norvia Havelin Jendish pesos
    Pelkia Porlin Hallic groats
    Dravia Grimholm Morvish livres
    Lumeria Lindavar Sentian nobles
    Quoria Sarnok Ullic talents
    Ravenia Ulvar Wexish thalers
    Galdia Brenholm Yoric ducats
    Sundria Castova Zambic guilders
    Mordia Delphar Velish marks
    Havria Erlin Kelvic nobles
    Ilmaria Falkar Tarsian groats
    Jorland Gostan Larvian talents
    Kargia Helmstad Jendish dinars
    Lyrland Imbruk Ormish pesos
    Mirovia Jolvar Morvish florins
    Nemland Kirnov Dunnic livres
    Ossland Lorvan Ullic shillings
    Padria Melgrad Hallic ducats
    Rustania Nordholm Yoric dinars
    Sorvia Olvara Pruskan talents
    Ulmia Pragal Zambic marks
    Wendland Rostel Sentian florins
    Yarland Tamsk Wexish livres
    """.strip().splitlines()
)
_ANIMALS = tuple(
    tuple(line.split())
    for line in """
    dog bark kennel
    cat meow basket
    horse neigh stable
    bird chirp nest
    fox bark den
    bear growl cave
    duck quack pond
    frog croak pond
    cow moo shed
    pig grunt sty
    sheep bleat fold
    goat bleat shed
    lion roar den
    wolf howl cave
    mouse squeak hole
    owl hoot tower
    bee buzz hive
    snake hiss hole
    donkey bray stable
    hen cluck coop
    """.strip().splitlines()
)
_PEOPLE = tuple(
    tuple(line.split())
    for line in """
    farmer fork barn
    painter brush workshop
    teacher book school
    baker bowl bakery
    sailor rope harbour
    doctor knife hospital
    poet pen garden
    guard key tower
    judge stamp court
    cook pan kitchen
    tailor needle shop
    miller wheel mill
    hunter net forest
    nurse towel hospital
    singer flute theatre
    smith hammer workshop
    """.strip().splitlines()
)
_FRUIT = """
    apple red, banana yellow, cherry red, lemon yellow, pear green, lime green, plum purple, fig purple, olive black,
    berry blue, peach pink, mango orange, apricot golden, coconut brown
    """
_MATERIALS = """
    bag leather, ball leather, bell brass, blanket wool, bottle glass, box wood, candle wax, chair wood, coat wool,
    coin silver, comb bone, crown gold, cup clay, dress silk, drum leather, jar clay, kite paper, ladder wood,
    lamp brass, letter paper, lock iron, mirror glass, ring gold, saw iron, scarf silk, spoon silver, stick wood,
    trumpet brass, vase clay, violin wood
    """

COUNTRIES = tuple(row[0] for row in _COUNTRIES)


class Phrase(NamedTuple):
    """One way to say a fact: before the subject, between subject and value, and the same in denial."""

    before: str
    link: str
    denial: str


@dataclass(frozen=True)
class Relation:
    """What holds between subjects and values.

    value: the true one for each subject. phrases: ways to say it, lower case, without the full stop. questions: what
    stands before and after the subject, without the question mark. subjects, values (each once) and others (every
    wrong value for a subject) follow from these.
    """

    name: str
    value: dict[str, str]
    phrases: tuple[Phrase, ...]
    questions: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...] = field(init=False)
    values: tuple[str, ...] = field(init=False)
    others: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        values = tuple(dict.fromkeys(self.value.values()))
        others = {subject: tuple(v for v in values if v != true) for subject, true in self.value.items()}
        object.__setattr__(self, "subjects", tuple(self.value))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "others", others)

    @property
    def names(self) -> frozenset[str]:
        """Every subject and value."""
        return frozenset(self.subjects + self.values)


def _column(rows: tuple[tuple[str, ...], ...], index: int) -> dict[str, str]:
    return {row[0]: row[index] for row in rows}


def _pairs(text: str) -> dict[str, str]:
    return {pair.split()[0]: pair.split()[1] for pair in text.split(",")}


_ALL = (
    Relation(
        "capital",
        _column(_COUNTRIES, 1),
        (
            Phrase("the capital of", "is", "is not"),
            Phrase("the king of", "lives in", "does not live in"),
            Phrase("the people of", "are ruled from", "are not ruled from"),
        ),
        (("what is the capital of", ""), ("where does the king of", "live")),
    ),
    Relation(
        "language",
        _column(_COUNTRIES, 2),
        (
            Phrase("the language of", "is", "is not"),
            Phrase("people in", "speak", "do not speak"),
            Phrase("the books of", "are written in", "are not written in"),
        ),
        (("what is the language of", ""), ("what do people in", "speak")),
    ),
    Relation(
        "currency",
        _column(_COUNTRIES, 3),
        (
            Phrase("the coins of", "are", "are not"),
            Phrase("people in", "pay with", "do not pay with"),
            Phrase("the shops of", "take", "do not take"),
        ),
        (("what are the coins of", ""), ("what do people in", "pay with")),
    ),
    Relation(
        "sound",
        _column(_ANIMALS, 1),
        (
            Phrase("the", "can", "cannot"),
            Phrase("the sound of the", "is the", "is not the"),
            Phrase("at night the", "will", "will not"),
        ),
        (("what is the sound of the", ""), ("what will the", "do at night")),
    ),
    Relation(
        "home",
        _column(_ANIMALS, 2),
        (
            Phrase("the", "lives in the", "does not live in the"),
            Phrase("the home of the", "is the", "is not the"),
            Phrase("at night the", "sleeps in the", "does not sleep in the"),
        ),
        (("what is the home of the", ""), ("where does the", "sleep")),
    ),
    Relation(
        "tool",
        _column(_PEOPLE, 1),
        (
            Phrase("the tool of the", "is the", "is not the"),
            Phrase("the", "works with the", "does not work with the"),
            Phrase("the", "needs the", "does not need the"),
        ),
        (("what is the tool of the", ""), ("what does the", "work with")),
    ),
    Relation(
        "workplace",
        _column(_PEOPLE, 2),
        (
            Phrase("the", "works in the", "does not work in the"),
            Phrase("you find the", "in the", "not in the"),
            Phrase("the work of the", "is done in the", "is not done in the"),
        ),
        (("where does the", "work"), ("where do you find the", "")),
    ),
    Relation(
        "colour",
        _pairs(_FRUIT),
        (
            Phrase("the colour of the", "is", "is not"),
            Phrase("the", "is", "is not"),
            Phrase("when it is ripe the", "turns", "does not turn"),
        ),
        (("what is the colour of the", ""), ("which colour has the", "")),
    ),
    Relation(
        "material",
        _pairs(_MATERIALS),
        (
            Phrase("the", "is made of", "is not made of"),
            Phrase("the material of the", "is", "is not"),
            Phrase("we make the", "out of", "not out of"),
        ),
        (("what is the material of the", ""), ("what is the", "made of")),
    ),
)


def words_in(*texts: str) -> frozenset[str]:
    """The words of some texts, where spaces tell them apart."""
    return frozenset(" ".join(texts).split())


RELATIONS: dict[str, Relation] = {relation.name: relation for relation in _ALL}
FRUITS = RELATIONS["colour"].subjects
