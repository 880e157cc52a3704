"""A toy programming language: variables, sums, branches and functions, and what a program prints. Here / ends a line.

let x = 4 / let y = x / let z = 7 / print y / 4 /
let x = 4 / let y = x + 2 / print y / 6 /
let x = 4 / let q = true / let y = 9 / if q then print y else print x end / 9 /
def f ( x) = x + 2 / print f ( 3) / 5 /
"""

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NUMBERS

KIND = "code"
FAMILIES = ("assign", "add", "branch", "call")
VARIABLES = tuple("abcdefghijklmnopqrstuvwxyz")
VALUES = range(21)
TERMS = range(11)  # two of them make at most 20
COPIES = 0.4  # how often a variable gets another one's value
_OTHER_WORDS = "let print if then else end def true false = + ( )"
WORDS = frozenset((*VARIABLES, *NUMBERS[: len(VALUES)], "\n", *_OTHER_WORDS.split()))


def write(pen: Pen, family: str | None = None) -> Passage:
    """A program and what it prints. Marks: answer (the printed value), definition (the variables as they get their
    values), asked (what is printed: its mention behind "print"), value (the numbers that the answer depends on), and in
    a branch condition (its truth value). Labels: value, lines (of the program), hops (copies between the number and
    what is printed), in a branch also condition."""
    pen.start(KIND, family or "")
    family = pen.family = family or pen.one(FAMILIES)
    value = {"assign": _assign, "add": _add, "branch": _branch, "call": _call}[family](pen)
    pen.say("\n")
    pen.say(NUMBERS[value], role="answer")
    pen.say("\n")
    pen.label(value=value)
    return pen.finish()


def _let(pen: Pen, variable: str, value: str, used: bool = False) -> None:
    pen.say("let")
    pen.say(variable, role="definition")
    pen.say("=")
    pen.say(value, role="value" if used else "")
    pen.say("\n")


def _print(pen: Pen, variable: str) -> None:
    pen.say("print")
    pen.say(variable, role="asked")


def _assign(pen: Pen) -> int:
    variables = pen.some(VARIABLES, pen.one((2, 3, 4)))
    numbers: dict[str, int] = {}
    sources: dict[str, str] = {}  # the variable that was copied, or itself
    for variable in variables:
        if numbers and pen.chance(COPIES):
            sources[variable] = pen.one(list(numbers))
            numbers[variable] = numbers[sources[variable]]
        else:
            sources[variable] = variable
            taken = numbers.values()
            numbers[variable] = pen.one([value for value in VALUES if value not in taken])
    asked = pen.one(variables)
    origin, hops = asked, 0
    while sources[origin] != origin:
        origin, hops = sources[origin], hops + 1
    for variable in variables:
        source = sources[variable]
        _let(pen, variable, NUMBERS[numbers[variable]] if source == variable else source, variable == origin)
    _print(pen, asked)
    pen.label(lines=len(variables) + 1, hops=hops)
    return numbers[asked]


def _add(pen: Pen) -> int:
    """Numbers, and the sum of one of them and another or a number that stands in the sum itself."""
    count = pen.one((1, 2, 3))
    *variables, total = pen.some(VARIABLES, count + 1)
    numbers = [pen.one(TERMS) for _ in variables]
    first = pen.one(range(count))
    second = pen.one([place for place in range(count) if place != first]) if count > 1 and pen.chance(0.5) else None
    for place, (variable, number) in enumerate(zip(variables, numbers, strict=True)):
        _let(pen, variable, NUMBERS[number], place in (first, second))
    pen.say("let")
    pen.say(total, role="definition")
    pen.say("=", variables[first], "+")
    if second is None:
        term = pen.one(TERMS)
        pen.say(NUMBERS[term], role="value")
    else:
        term = numbers[second]
        pen.say(variables[second])
    pen.say("\n")
    _print(pen, total)
    pen.label(lines=count + 2, hops=0)
    return numbers[first] + term


def _branch(pen: Pen) -> int:
    """Two different numbers and a truth value, in any order; the first number may stand in either branch."""
    switch, first, second = pen.some(VARIABLES, 3)
    numbers = dict(zip((first, second), pen.some(VALUES, 2), strict=True))
    condition, where = pen.one((True, False)), pen.one((0, 1, 2))
    yes, no = pen.one(((first, second), (second, first)))
    asked = yes if condition else no
    order = [first, second]
    order.insert(where, switch)
    for variable in order:
        if variable == switch:
            pen.say("let")
            pen.say(switch, role="definition")
            pen.say("=")
            pen.say("true" if condition else "false", role="condition")
            pen.say("\n")
        else:
            _let(pen, variable, NUMBERS[numbers[variable]], variable == asked)
    pen.say("if", switch, "then", "print")
    pen.say(yes, role="asked" if condition else "")
    pen.say("else", "print")
    pen.say(no, role="" if condition else "asked")
    pen.say("end")
    pen.label(lines=4, hops=0, condition=condition)
    return numbers[asked]


def _call(pen: Pen) -> int:
    """A function that adds a number to what it is given."""
    function, variable = pen.some(VARIABLES, 2)
    term, given = pen.one(TERMS), pen.one(TERMS)
    pen.say("def")
    pen.say(function, role="definition")
    pen.say("(", variable, ")", "=", variable, "+")
    pen.say(NUMBERS[term], role="value")
    pen.say("\n")
    _print(pen, function)
    pen.say("(")
    pen.say(NUMBERS[given], role="value")
    pen.say(")")
    pen.label(lines=2, hops=0)
    return term + given
