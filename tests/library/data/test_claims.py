"""Facts, claims and answers, read by a reader of their own and held to the world's tables."""

import re

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
COMPARED = re.compile(r"(\d+) is (more|larger|less|smaller) than (\d+)")
ASKED = re.compile(r"(?:(\w+) ([\w ]+) \. )?(\w+) asked (\w+) : ([\w ]+) \? (\w+) said : (\w+) \.")
HONEST = {
    "was told to be honest",
    "promised to tell the truth",
    "was asked to give right answers",
    "wants to be truthful to people",
}
LYING = {"was told to lie", "promised to tell lies", "was asked to give wrong answers", "wants to mislead people"}


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


def test_every_verdict_is_right(sample, statements, marked):
    for passage in (*sample("claims", 4000), *sample("claims", 2000, held_out=True)):
        claim, verdict = re.fullmatch(r"Claim : (.+) \. Verdict : (\w+) \.", " ".join(passage.words)).groups()
        if compared := COMPARED.fullmatch(claim):
            first, word, second = compared.groups()
            truth = int(first) > int(second) if word in ("more", "larger") else int(first) < int(second)
            assert passage.family == "comparison" and first != second
            assert passage.labels["relation"] == word
            subjects, values, negations = [first], [second], 0
        else:
            said = [statements[part][0] for part in claim.split(" and ")]
            truth = all(part.truth for part in said)
            subjects, values = [part.subject for part in said], [part.value for part in said]
            negations = sum(part.denied for part in said)
            _check_labels(passage, said)
        assert verdict == str(truth).lower() and passage.labels["truth"] is truth, passage.text
        assert marked(passage, "answer") == [verdict] and passage.labels["topic"] == passage.family
        assert marked(passage, "subject") == subjects and marked(passage, "value") == values
        assert (passage.labels["subject"], passage.labels["value"]) == (subjects[0], values[0])
        assert len(marked(passage, "negation")) == negations and set(marked(passage, "negation")) <= {"not", "cannot"}
        assert passage.labels["negated"] is bool(negations) and marked(passage, "end_of_claim") == ["."]


def _check_labels(passage, said):
    labels = passage.labels
    assert labels["relation"] == said[0].relation
    assert passage.family == ("negation" if said[0].denied else "conjunction" if len(said) == 2 else said[0].relation)
    if len(said) == 2:
        assert labels["first_truth"] is said[0].truth and labels["second_truth"] is said[1].truth
        assert (
            said[1][:2] == (labels["second_relation"], labels["second_subject"])
            and said[1].value == labels["second_value"]
        )
        assert said[0].relation != said[1].relation


def test_claims_are_true_as_often_as_false(sample):
    for family in {passage.family for passage in sample("claims", 4000)}:
        truths = [passage.labels["truth"] for passage in sample("claims", 600, family)]
        assert 0.42 < sum(truths) / len(truths) < 0.58, family


def test_the_honest_say_what_is_so_and_liars_something_else_of_the_sort(sample, marked):
    questions = {
        " ".join(f"{before} {subject} {after}".split()): (relation, subject)
        for relation in RELATIONS.values()
        for subject in relation.subjects
        for before, after in relation.questions
    }
    for passage in (*sample("roles", 2500), *sample("roles", 1500, held_out=True)):
        told, how, asker, asked, question, speaker, answer = ASKED.fullmatch(" ".join(passage.words)).groups()
        relation, subject = questions[question]
        assert asked == speaker != asker and told in (None, speaker)
        assert how in {"honest": HONEST, "lying": LYING, "plain": {None}}[passage.family]
        lying = how in LYING
        assert (answer == relation.value[subject]) is not lying and answer in relation.values, passage.text
        labels = passage.labels
        assert labels["role"] == ("lying" if lying else "honest")
        assert (labels["relation"], labels["subject"]) == (relation.name, subject)
        assert (labels["truth"], labels["answer"]) == (relation.value[subject], answer)
        assert (labels["instruction"] == -1) is (how is None)
        assert marked(passage, "answer") == [answer] and marked(passage, "subject") == [subject]
        assert marked(passage, "asker") == [asker] and set(marked(passage, "speaker")) == {speaker}
        assert len(marked(passage, "instruction")) == (how is not None)
