"""What must be closed, repeated, translated or gathered from examples."""

from course_utils.data.microworld.vocabularies import ANTONYM, CATEGORY, PAST, PLURAL, TARSIAN, VELISH, VERBS
from course_utils.data.microworld.words import ANIMALS
from course_utils.data.microworld.world import RELATIONS

PAIRS = {"(": ")", "[": "]", "{": "}", ' "': '"'}
KINDS = {"(": "round", "[": "square", "{": "curly", ' "': "quote"}
COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}


def test_brackets_and_quotes_are_balanced(sample, marked):
    for family in ("brackets", "quotes"):
        for passage in sample("closing", 1200, family):
            stack, opened, deepest = [], [], 0
            for place, word in enumerate(passage.words):
                if word in PAIRS:
                    stack.append(place)
                    opened.append(place)
                    deepest = max(deepest, len(stack))
                elif word in PAIRS.values():
                    last = stack.pop()
                    assert PAIRS[passage.words[last]] == word, passage.text
            assert not stack and passage.marks["opening"] == tuple(opened)
            outer, (answer,) = opened[0], passage.marks["answer"]
            assert passage.words[answer] == PAIRS[passage.words[outer]] and passage.marks["matching"] == (outer,)
            assert not set(passage.words[answer + 1 :]) & {*PAIRS, *PAIRS.values()}
            labels = {"depth": deepest, "bracket": KINDS[passage.words[outer]], "length": answer - outer - 1}
            assert passage.labels == labels


def test_lists_have_as_many_items_as_announced(sample, marked):
    for passage in sample("closing", 1200, "lists"):
        head, _, rest = " ".join(passage.words).removesuffix(" .").partition(" : ")
        *others, last = rest.split(" , ")
        items = [*others, *last.split(" and ")]
        (number,) = marked(passage, "number")
        assert number in head.split() and len(items) == COUNTS[number] == passage.labels["length"], passage.text
        assert len(set(items)) == len(items) and head.split()[0] not in items
        for article, _, thing in (item.partition(" ") for item in items if " " in item):
            assert article == ("an" if thing[0] in "aeiou" else "a")
        (answer,) = passage.marks["answer"]
        assert passage.words[answer] == "and" and answer == len(passage.words) - 2 - len(items[-1].split())
        assert marked(passage, "matching") == [":"]


def test_rows_are_repeated_word_for_word(sample, marked):
    for passage in sample("repeats", 1000):
        half = passage.labels["length"]
        assert passage.words[:half] == passage.words[half:] and len(set(passage.words)) == half
        assert passage.marks["answer"] == (2 * half - 1,)
        assert passage.marks["first"] + passage.marks["second"] == tuple(range(2 * half))


def _number(change):
    return lambda item: str(change(int(item))) if item.isdigit() else None


TASKS = {
    **{name: relation.value.get for name, relation in RELATIONS.items()},
    "antonym": lambda item: ANTONYM.get(item) or {right: left for left, right in ANTONYM.items()}.get(item),
    "plural": PLURAL.get,
    "past": PAST.get,
    "tarsian": TARSIAN.get,
    "velish": VELISH.get,
    "category": CATEGORY.get,
    "copy": lambda item: None if " " in item else item,
    "next": _number(lambda n: n + 1),
    "previous": _number(lambda n: n - 1),
    "double": _number(lambda n: 2 * n),
    "first": lambda item: item.split()[0] if " " in item else None,
    "middle": lambda item: item.split()[1] if " " in item else None,
    "last": lambda item: item.split()[2] if " " in item else None,
}


def test_examples_follow_their_task_and_tell_it(sample, marked):
    for passage in sample("tasks", 3000):
        task = passage.labels["task"]
        pairs = [pair.split(" : ") for pair in " ".join(passage.words).removesuffix(" .").split(" , ")]
        *shown, (asked, answer) = pairs
        assert all(TASKS[task](item) == output for item, output in pairs), passage.text
        assert len({item for item, _ in pairs}) == len(pairs) and passage.labels["shots"] == len(shown) >= 2
        agreeing = [t for t in TASKS.values() if all(t(item) == output for item, output in shown)]
        assert {t(asked) for t in agreeing} - {None} == {answer}, passage.text
        assert marked(passage, "answer") == [answer] == [passage.labels["answer"]] and passage.family == task
        assert marked(passage, "output") == [output for _, output in pairs]
        assert marked(passage, "input") == [item.split()[-1] for item, _ in pairs]
        assert len(marked(passage, "colon")) == len(pairs)


TABLES = {"Tarsian": TARSIAN, "Velish": VELISH}


def test_no_two_words_are_translated_alike():
    for table in TABLES.values():
        assert len(set(table.values())) == len(table)


def _meaning(language, words):
    """The phrases and the verb in English, whatever the order of the language was."""
    back = {foreign: word for word, foreign in TABLES[language].items()} if language in TABLES else {}
    english = [back[word] if back else word for word in words]
    (verb,) = [i for i, word in enumerate(english) if word in VERBS]
    phrases = [english[:verb], english[verb + 1 :]]
    if language == "Velish":
        assert verb == len(english) - 1
        second = [i for i, word in enumerate(english) if word in ("the", "a")][1:] or [verb]
        phrases = [english[: second[0]], english[second[0] : verb]]
    phrases = [phrase[::-1] if language == "Tarsian" else phrase for phrase in phrases]
    assert all(phrase[0] in ("the", "a") and len(phrase) in (2, 3) for phrase in phrases if phrase)
    return phrases, english[verb]


def test_translations_mean_the_same(sample, marked):
    for passage in sample("languages", 1200, "translation"):
        labels, words = passage.labels, passage.words
        source, target = (marked(passage, role) for role in ("source", "translation"))
        stop = words.index(".")
        assert words[:2] == (labels["source"], ":") and list(words[2:stop]) == source
        assert words[stop + 1 : stop + 3] == (labels["target"], ":") and list(words[stop + 3 : -1]) == target
        meaning = _meaning(labels["source"], source)
        assert meaning == _meaning(labels["target"], target), passage.text
        assert labels["language"] == labels["target"] != labels["source"]
        assert passage.marks["answer"] == (stop + 3,) and labels["answer"] == target[0]
        tables = [TABLES.get(labels[side], {}) for side in ("source", "target")]
        noun = meaning[0][0][-1]
        assert marked(passage, "subject") == [table.get(noun, noun) for table in tables]


def test_stories_of_a_language_keep_to_their_subject(sample, marked):
    for language in ("English", "Tarsian", "Velish"):
        for passage in sample("languages", 1000, language):
            sentences = [s.split() for s in " ".join(passage.words).removesuffix(" .").split(" . ")]
            nouns = {_meaning(language, words)[0][0][-1] for words in sentences}
            (noun,) = nouns
            told = TABLES.get(language, {}).get(noun, noun)
            assert noun in ANIMALS and marked(passage, "subject") == [told] * len(sentences), passage.text
            assert marked(passage, "answer") == [told] == [passage.labels["answer"]]
            assert passage.marks["answer"][0] == passage.marks["subject"][-1]
            assert {passage.labels[name] for name in ("language", "source", "target")} == {language}
