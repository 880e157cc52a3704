"""Three claims with their verdicts, the right value told after each that is about a single fact.

Claim: the capital of Zemland is Dalmar. Verdict: false, it is Orvik. Claim: 17 is more than 12. Verdict: true. Claim:
the dog cannot bark. Verdict: false, it is bark.

Held out is what `claims` holds out.
"""

from course_utils.data.microworld.kinds import claims
from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.world import RELATIONS

KIND = "verdicts"
FAMILIES = ("told",)
CLAIMS = 3
WORDS = claims.WORDS | {",", "it"}
_FORMS = ("plain", "negation", "comparison", "conjunction")
_SHARES = (12, 4, 2, 2)
_NAMES = tuple(RELATIONS)


def write(pen: Pen, family: str | None = None) -> Passage:
    """Three claims. Labels are those of the last one, as in `claims`; marks: also end_of_claim and verdict of each, and
    told, the right values; answer is the last verdict."""
    pen.start(KIND, family or FAMILIES[0])
    for _ in range(CLAIMS):
        pen.labels.clear()
        form = pen.among(_FORMS, _SHARES)
        claims.claim(pen, pen.one(_NAMES) if form == "plain" else form)
        if form in ("plain", "negation"):
            pen.say(", it is")
            relation, subject = str(pen.labels["relation"]), str(pen.labels["subject"])
            pen.say(RELATIONS[relation].value[subject], role="told")
        pen.say(".")
    passage = pen.finish()
    verdicts = passage.marks["answer"]
    passage.marks.update(verdict=verdicts, answer=verdicts[-1:])
    return passage
