"""Facts, claims and verdicts, read by a reader of their own and held to the world's tables."""

import re
from collections import Counter

from course_utils.data.microworld.world import RELATIONS

BOTH = {  # what is said about one subject: the order of subject and values, and the values' relations
    r"In (\w+) people speak (\w+) and pay with (\w+)": ("language", "currency"),
    r"The capital of (\w+) is (\w+) and its language is (\w+)": ("capital", "language"),
    r"In (\w+) the capital is (\w+) and the coins are (\w+)": ("capital", "currency"),
    r"The (\w+) can (\w+) and lives in the (\w+)": ("sound", "home"),
    r"In the home of the (\w+) , the (\w+) , you hear the (\w+)": ("home", "sound"),
    r"You hear the (\w+) (\w+) when it is in the (\w+)": ("sound", "home"),
    r"The (\w+) takes the (\w+) to work in the (\w+)": ("tool", "workplace"),
    r"The (\w+) goes to the (\w+) and works with the (\w+)": ("workplace", "tool"),
    r"The (\w+) needs the (\w+) and is found in the (\w+)": ("tool", "workplace"),
}
REVERSE = re.compile(
    r"(\w+) is the capital of (\w+)|In (\w+) lives the king of (\w+)|From (\w+) you rule the people of (\w+)"
)
THREE = re.compile(r"Claim : ([\w ]+) \. Verdict : (true|false)((?: , it is (\w+))?) \.")


def test_no_statement_can_be_read_in_two_ways(statements):
    assert [text for text, readings in statements.items() if len(readings) > 1] == []


def test_every_fact_is_true(sample, statements, marked):
    for passage in sample("facts", 2000):
        values, relation, subject = [], passage.labels["relation"], passage.labels["subject"]
        for sentence in " ".join(passage.words).removesuffix(" .").split(" . "):
            values += _true_values(sentence, statements)
        assert marked(passage, "answer") == values, passage.text
        assert marked(passage, "subject")[-1] == subject and values[-1] == passage.labels["value"]
        true = (
            {v: k for k, v in RELATIONS["capital"].value.items()}
            if relation == "country"
            else RELATIONS[relation].value
        )
        assert true[subject] == values[-1]


def _true_values(sentence, statements):
    """The values that a true sentence gives; [] if it is not true or not understood."""
    lower = sentence if sentence.split()[0] in RELATIONS["capital"].names else sentence[0].lower() + sentence[1:]
    if lower in statements:
        (said,) = statements[lower]
        return [said.value] if said.truth and not said.denied else []
    for pattern, relations in BOTH.items():
        if match := re.fullmatch(pattern, sentence):
            subject, *values = match.groups()
            return values if [RELATIONS[name].value.get(subject) for name in relations] == values else []
    city, country = filter(None, REVERSE.fullmatch(sentence).groups())
    return [country] if RELATIONS["capital"].value[country] == city else []


def test_every_verdict_is_right(sample, parts, marked):
    for passage in (*sample("claims", 4000), *sample("claims", 2000, held_out=True)):
        claim, verdict = re.fullmatch(r"Claim : (.+) \. Verdict : (\w+) \.", " ".join(passage.words)).groups()
        said = parts(claim)
        truth, negations = all(part.truth for part in said), sum(part.denied for part in said)
        assert verdict == str(truth).lower() and marked(passage, "answer") == [verdict], passage.text
        assert passage.labels == _labels(said) and passage.family == passage.labels["topic"]
        assert marked(passage, "subject") == [part.subject for part in said]
        assert marked(passage, "value") == [part.value for part in said]
        assert len(marked(passage, "negation")) == negations and set(marked(passage, "negation")) <= {"not", "cannot"}
        assert marked(passage, "end_of_claim") == ["."]


def _labels(said):
    """What should be noted of a claim that says these things."""
    first, *more = said
    alone = "negation" if first.denied else first.relation if first.relation in RELATIONS else "comparison"
    labels = {"truth": all(part.truth for part in said), "topic": "conjunction" if more else alone}
    labels |= {"negated": first.denied, "relation": first.relation, "subject": first.subject, "value": first.value}
    for second in more:
        assert second.relation != first.relation
        labels |= {"first_truth": first.truth, "second_truth": second.truth, "second_relation": second.relation}
        labels |= {"second_subject": second.subject, "second_value": second.value}
    return labels


def test_three_verdicts_are_right_and_told_values_too(sample, parts, marked):
    for passage in (*sample("verdicts", 3000), *sample("verdicts", 2000, held_out=True)):
        claims = THREE.findall(" ".join(passage.words))
        again = [f"Claim : {claim} . Verdict : {verdict}{told} ." for claim, verdict, told, _ in claims]
        assert len(claims) == 3 and " ".join(again) == " ".join(passage.words)
        everything, told = [], []
        for claim, verdict, _, value in claims:
            said = parts(claim)
            assert verdict == str(all(part.truth for part in said)).lower(), passage.text
            single = len(said) == 1 and said[0].relation in RELATIONS
            assert value == (RELATIONS[said[0].relation].value[said[0].subject] if single else ""), passage.text
            everything += said
            told += [value] * single
        assert passage.labels == _labels(said) and passage.family == "told"
        assert marked(passage, "told") == told and marked(passage, "end_of_claim") == ["."] * 3
        assert marked(passage, "verdict") == [verdict for _, verdict, _, _ in claims]
        assert passage.marks["answer"] == passage.marks["verdict"][-1:]
        assert marked(passage, "subject") == [part.subject for part in everything]
        assert marked(passage, "value") == [part.value for part in everything]
        assert len(marked(passage, "negation")) == sum(part.denied for part in everything)


def test_claims_are_true_as_often_as_false(sample):
    for family in {passage.family for passage in sample("claims", 4000)}:
        truths = [passage.labels["truth"] for passage in sample("claims", 600, family)]
        assert 0.42 < sum(truths) / len(truths) < 0.58, family
    several = sample("verdicts", 3000)
    for place in range(3):
        true = sum(passage.words[passage.marks["verdict"][place]] == "true" for passage in several)
        assert 0.47 < true / len(several) < 0.53, place


def test_half_of_all_claims_are_plain(sample):
    """And three in five of those that come together; the rest is denied, joined or compared."""
    for kind, expected in (("claims", (1 / 2, 1 / 6, 1 / 6, 1 / 6)), ("verdicts", (0.6, 0.2, 0.1, 0.1))):
        topics = Counter(passage.labels["topic"] for passage in sample(kind, 4000))
        composed = [topics.pop(topic) for topic in ("negation", "conjunction", "comparison")]
        for found, share in zip((sum(topics.values()), *composed), expected, strict=True):
            assert abs(found / 4000 - share) < 0.03, (kind, topics)
