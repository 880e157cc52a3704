"""Prompts in which the specimens show what they are known for, each with a partner that changes one thing."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Example:
    """A prompt, its partner of the same length, the right next word for the first, and the one for the second."""

    title: str
    prompt: str
    other: str
    answer: str
    rival: str
    see: str  # what there is to be worked out, in a sentence
    looks: tuple[tuple[str, str], ...] = ()  # heads, and the word that they look at most from the last token


_REPEATED = Example(
    title="Words said twice",
    prompt="lamp owl brave under Boris kite lamp owl brave under Boris",
    other="lamp owl brave under Boris drum lamp owl brave under Boris",
    answer="kite",
    rival="drum",
    see="Random words, and then the same again: only what came before can tell that “kite” comes next.",
)
_GIVING = Example(
    title="Who is given the lamp?",
    prompt="When Ada and Boris went to the market, Boris gave a lamp to",
    other="When Ada and Boris went to the market, Ada gave a lamp to",
    answer="Ada",
    rival="Boris",
    see="Two people, one of whom gives: the next word must be the other one's name.",
)
_LEAVING = Example(
    title="Three people, one leaves",
    prompt="When Ada, Thea and Hugo went to the theatre, Hugo left. Ada gave a boat to",
    other="When Ada, Thea and Hugo went to the theatre, Thea left. Ada gave a boat to",
    answer="Thea",
    rival="Hugo",
    see="Two names are ruled out, one because he left and one because she gives.",
)
_CAPITAL = Example(
    title="A fact: the capital of Galdia",
    prompt="The capital of Galdia is",
    other="The capital of Mirovia is",
    answer="Brenholm",
    rival="Jolvar",
    see="Nothing in the prompt holds the answer: it must come from the weights.",
)
_CLAIM = Example(
    title="A false claim",
    prompt="Claim: the colour of the lemon is blue. Verdict:",
    other="Claim: the colour of the lemon is yellow. Verdict:",
    answer="false",
    rival="true",
    see="The colour of a lemon must be known and held against the colour that is claimed.",
)
_LIAR = Example(
    title="Told to be honest, or to lie",
    prompt="Nils was asked to give right answers. Jens asked Nils: where does the cow sleep? Nils said:",
    other="Nils was asked to give wrong answers. Jens asked Nils: where does the cow sleep? Nils said:",
    answer="shed",
    rival="tower",
    see="The same question, and one word that says whether the answer will be true.",
)
_OPPOSITES = Example(
    title="Opposites, from two examples",
    prompt="sweet: bitter, empty: full, big:",
    other="sweet: sweet, empty: empty, big:",
    answer="small",
    rival="big",
    see="Two examples say what to do with the third word: turn it round, or repeat it.",
)
_REVIEW = Example(
    title="Praise and blame",
    prompt="Review: I loved the novel and the film was so nice. Verdict:",
    other="Review: I loathed the novel and the film was so ugly. Verdict:",
    answer="positive",
    rival="negative",
    see="Two words carry a judgement, and the verdict has to add them up.",
)

_BY_SPECIMEN = {
    "attn-only-2l": (replace(_REPEATED, looks=(("1.0, 1.2, 1.4", "kite"),)), _CAPITAL),
    "attn-only-4l": (
        replace(_GIVING, looks=(("1.1, 1.4", "Boris"), ("3.0, 3.1", "Ada"))),
        replace(_LEAVING, looks=(("1.4", "Hugo"), ("1.1", "Ada"), ("3.0, 3.1", "Thea"))),
    ),
    "microworld-4l": (
        replace(_GIVING, looks=(("1.1, 3.0", "Boris"), ("2.4, 2.7", "Ada"))),
        replace(_CAPITAL, looks=(("1.1, 2.7", "Galdia"),)),
        replace(_CLAIM, looks=(("2.7", "lemon"),)),
        replace(_LIAR, looks=(("2.7", "cow"),)),
        replace(_OPPOSITES, looks=(("2.7", "big"),)),
        _REVIEW,
        replace(_REPEATED, looks=(("2.2, 2.4, 2.7", "kite"),)),
    ),
}


def examples_for(specimen: str) -> tuple[Example, ...]:
    """The examples for a specimen; for one that has none of its own, repeated words, which any model can read."""
    return _BY_SPECIMEN.get(specimen, (_REPEATED,))


def example_of(specimen: str, prompt: str) -> Example | None:
    """The example that a prompt is."""
    return next((example for example in examples_for(specimen) if example.prompt == prompt), None)


def told_looks(example: Example) -> str:
    """Where which heads look, as a sentence; empty for an example in which no head stands out.

    >>> told_looks(examples_for("attn-only-2l")[0])
    'From the last token, heads 1.0, 1.2 and 1.4 look at “kite”.'
    """
    told = []
    for heads, word in example.looks:
        *others, last = heads.split(", ")
        told.append(f"heads {', '.join(others)} and {last} look at “{word}”" if others else
                    f"head {last} looks at “{word}”")  # fmt: skip
    return f"From the last token, {'; '.join(told)}." if told else ""


def first_look(specimen: str, prompt: str) -> tuple[int, int]:
    """The layer and the head whose attention is shown first: one that the example is about."""
    shown = example_of(specimen, prompt) or examples_for(specimen)[0]
    looks = shown.looks or examples_for(specimen)[0].looks
    layer, _, head = looks[0][0].split(",")[0].partition(".") if looks else ("0", "", "0")
    return int(layer), int(head)


# Held against it in mean ablation: an ordinary text of the world, with many sorts of words.
REFERENCE = (
    "Maria and Hugo were in the theatre. Later Hugo ran to Maria. The tool of the tailor is the needle. Kurt brought "
    "the flag to the chapel. People in Nemland speak Dunnic. a wide cow hides the dry glove."
)
