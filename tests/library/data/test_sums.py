"""Calendar, years, programs and letters, worked out again."""

import calendar
import re
from itertools import pairwise
from string import ascii_lowercase

CIRCLES = {
    "day": list(calendar.day_name),
    "month": list(calendar.month_name)[1:],
    "hour": [str(h) for h in range(1, 13)],
}
SUM = re.compile(
    r"(?:Today|It) is (\w+)(?: now)? \. (?:In (\d) (day|month|hour)(s?) it will be|(\d) (day|month|hour)(s?) ago it was) (\w+) \."
)
ORDER = re.compile(r"(Day|Month|Hour)s (in order|backwards) : ([\w ]+) \.")
SPAN = re.compile(
    r"The \w+ (?:lasted from|began in|went on from) (\d\d) (\d\d) (?:to|and ended in|until) (\d\d) (\d\d) \."
)


def test_days_months_and_hours_go_round(sample, marked):
    for passage in (*sample("calendar_sums", 3000), *sample("calendar_sums", 2000, held_out=True)):
        text, labels = " ".join(passage.words), passage.labels
        if match := ORDER.fullmatch(text):
            unit, step = match[1].lower(), 1 if match[2] == "in order" else -1
            run = match[3].split()
            start, ending, steps = run[0], run[-1], step * (len(run) - 1)
            circle = CIRCLES[unit]
            assert run == [circle[(circle.index(start) + step * i) % len(circle)] for i in range(len(run))]
            assert passage.family == "order" and labels["length"] == len(run) and labels["step"] == step
        else:
            start, *sides, ending = SUM.fullmatch(text).groups()
            later = sides[0] is not None
            number, unit, plural = sides[:3] if later else sides[3:]
            steps = int(number) if later else -int(number)
            assert (plural == "s") is (number != "1") and labels["step"] == steps
            assert passage.family == f"{unit}_{'after' if later else 'before'}"
            assert marked(passage, "step") == [number]
        circle = CIRCLES[unit]
        assert circle[(circle.index(start) + steps) % len(circle)] == ending, passage.text
        assert (labels["unit"], labels["modulus"], labels["start"], labels["answer"]) == (
            unit,
            len(circle),
            start,
            ending,
        )
        assert (labels["start_index"], labels["answer_index"]) == (circle.index(start), circle.index(ending))
        assert marked(passage, "start") == [start] and marked(passage, "answer") == [ending]


def test_the_second_year_is_later_and_of_the_same_century(sample, marked):
    for passage in (*sample("years", 3000), *sample("years", 2000, held_out=True)):
        century, start, again, end = SPAN.fullmatch(" ".join(passage.words)).groups()
        assert century == again and int(start) < int(end), passage.text
        assert [passage.labels[name] for name in ("century", "start", "end")] == [int(century), int(start), int(end)]
        assert marked(passage, "answer") == [end] == [passage.labels["answer"]]
        assert marked(passage, "start") == [start] and marked(passage, "century") == [century] * 2


def _run(lines):
    """What a program prints."""
    values: dict[str, object] = {"true": True, "false": False}
    functions: dict[str, tuple[str, list[str]]] = {}

    def worth(terms, scope):
        numbers = [scope[term] if term in scope else int(term) for term in terms if term != "+"]
        return numbers[0] if len(numbers) == 1 else sum(numbers)

    for first, *rest in map(str.split, lines):
        if first == "let":
            values[rest[0]] = worth(rest[2:], values)
        elif first == "def":
            functions[rest[0]] = rest[2], rest[5:]
        elif first == "if":  # if q then print y else print x end
            return values[rest[3] if values[rest[0]] is True else rest[6]]
        elif len(rest) == 1:
            return values[rest[0]]
        else:
            variable, body = functions[rest[0]]
            return worth(body, {variable: int(rest[2])})
    raise AssertionError("Nothing was printed.")


def test_programs_print_what_they_compute(sample, marked):
    for passage in sample("code", 3000):
        *program, printed = " ".join(passage.words).removesuffix(" \n").split(" \n ")
        assert _run(program) == int(printed) == passage.labels["value"], passage.text
        assert marked(passage, "answer") == [printed] and passage.labels["lines"] == len(program)
        names = [line.split()[1] for line in program if line.split()[0] in ("let", "def")]
        assert marked(passage, "definition") == names and len(set(names)) == len(names)
        (asked,) = marked(passage, "asked")
        at = passage.marks["asked"][0]
        assert passage.words[at - 1] == "print"
        if passage.family in ("assign", "branch"):
            assert marked(passage, "value") == [printed]
            sources = {line.split()[1]: line.split()[3] for line in program if line.startswith("let")}
            hops = -1
            while asked in sources:
                asked, hops = sources[asked], hops + 1
            assert passage.labels["hops"] == hops
        if passage.family == "add":
            assert sum(map(int, marked(passage, "value"))) == int(printed) or len(marked(passage, "value")) == 1
        if passage.family == "branch":
            assert marked(passage, "condition") == [str(passage.labels["condition"]).lower()]


def test_letters_stand_as_in_the_alphabet(sample, marked):
    for passage in sample("letters", 3000):
        letters, (answer,) = marked(passage, "letters"), marked(passage, "answer")
        assert answer == passage.labels["answer"]
        if passage.family in ("spelled", "spells"):
            assert [*marked(passage, "word")] == ["".join(letters)] and passage.labels["step"] == 0
            assert answer == (letters[-1] if passage.family == "spelled" else "".join(letters))
        else:
            places = [ascii_lowercase.index(letter) for letter in letters]
            steps = {after - before for before, after in pairwise(places)}
            assert steps == {passage.labels["step"]} and answer == letters[-1]
            assert marked(passage, "before") == [letters[-2]]
        assert passage.labels["length"] == len(letters)
