"""`exercises.toml` to records: what is wrong is said with its place, and every path follows from a name."""

import pytest

from course_utils.catalog import Catalog, CourseError, Exercise, UnknownName, course_root, load_catalog

EXERCISE = {
    "name": "'LayerNorm'",
    "title": "'Normalise'",
    "minutes": "15",
    "difficulty": "2",
    "needs": "[]",
    "hints": "['a', 'b']",
}


def record(**changes: str | None) -> str:
    rows = {**EXERCISE, **changes}
    return "[[exercise]]\n" + "\n".join(f"{key} = {value}" for key, value in rows.items() if value is not None) + "\n"


def chapter(*records: str, head: str = "title = 'T'\nsummary = ' S. '\n") -> str:
    return head + "\n".join(records or ["exercise = []"])


@pytest.fixture
def load(tmp_path):
    """Write chapters by key and load them."""

    def loaded(text: str | bytes = "", **chapters: str) -> Catalog:
        for key, content in ({"ch01_toy": text} | chapters if text else chapters).items():
            folder = tmp_path / "chapters" / key
            folder.mkdir(parents=True)
            (folder / "exercises.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_catalog(tmp_path)

    return loaded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (chapter(record(time_limt="3")), "exercise 1 (LayerNorm): unknown key 'time_limt'. Did you mean 'time_limit'?"),
        (chapter(record(colour="3")), "A new key goes into the Exercise record in course_utils/records.py."),
        (chapter(record(), head="title = 'T'\nsummary = 'S'\nauthor = 'A'\n"), "exercises.toml: unknown key 'author'."),
        (chapter(record(minutes=None, hints=None)), "exercise 1 (LayerNorm): missing hints, minutes."),
        (chapter(record(name=None)), "exercise 1: missing name."),
        (chapter(head="title = 'T'\n"), "missing summary."),
        (chapter(record(minutes="'15'")), "minutes must be of type int, not str."),
        (chapter(record(minutes="1.5")), "minutes must be of type int, not float."),
        (chapter(record(minutes="true")), "minutes must be of type int, not bool."),
        (chapter(record(may_change_input="1")), "may_change_input must be of type bool, not int."),
        (chapter(record(time_limit="'3'")), "time_limit must be of type number, not str."),
        (chapter(record(needs="'Embed'")), "needs must be of type list, not str."),
        (chapter(record(needs="[3]")), "needs must be a list of strings."),
        (chapter(record(hints="['a', ['b']]")), "hints must be a list of strings."),
        (chapter(record(name="'layer norm'")), "name must be the Python name of a function or class."),
        (chapter(record(name="'class'")), "name must be the Python name of a function or class."),
        (chapter(record(difficulty="6")), "difficulty runs from 1 to 5, not 6."),
        (chapter(head="title = 'T'\nsummary = 'S'\nexercise = [1]\n#"), "exercise 1: an exercise is a table"),
        (chapter(record(), record()), "LayerNorm is already an exercise of ch01_toy: rename one."),
        (chapter(record(), record(name="'layer_norm'")), "layer_norm is already an exercise of ch01_toy"),
        (chapter(record(needs="['Embed']")), "LayerNorm needs Embed, which is no earlier exercise."),
        (chapter(record(needs="['LayerNorm']")), "needs LayerNorm, which is no earlier exercise."),
        (chapter(record(needs="['Embed']"), record(name="'Embed'")), "needs Embed, which is no earlier exercise."),
        ("title = ", "is not valid TOML"),
        (b"title = '\xe9'", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(load, text, words):
    with pytest.raises(CourseError) as caught:
        load(text)
    assert str(caught.value).startswith("chapters/ch01_toy/exercises.toml")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_loader_says_nothing_of_a_right_record(load):
    catalog = load(
        chapter(
            record(),
            record(
                name="'Attention'",
                needs="['LayerNorm']",
                given="['__init__']",
                time_limit="2.5",
                memory_mb="64",
                may_change_input="true",
            ),
        )
    )
    one, other = catalog.exercises
    assert one == Exercise("LayerNorm", "Normalise", 15, 2, (), ("a", "b"), chapter="ch01_toy")
    assert (other.needs, other.given, other.time_limit, other.memory_mb, other.may_change_input) == (
        ("LayerNorm",),
        ("__init__",),
        2.5,
        64,
        True,
    )
    assert catalog.chapters[0].summary == "S."
    assert catalog.chapters[0].minutes == 30


def test_a_name_is_unique_in_the_course_and_may_be_needed_by_later_chapters(load, tmp_path):
    catalog = load(ch01_a=chapter(record()), ch02_b=chapter(record(name="'Probe'", needs="['LayerNorm']")))
    assert [exercise.chapter for exercise in catalog.exercises] == ["ch01_a", "ch02_b"]
    (tmp_path / "chapters/ch03_c").mkdir()
    (tmp_path / "chapters/ch03_c/exercises.toml").write_text(chapter(record()))
    load_catalog_fresh = load_catalog.__globals__["_load"].__wrapped__
    with pytest.raises(CourseError, match="already an exercise of ch01_a"):
        load_catalog_fresh(tmp_path)


def test_two_chapters_of_one_number_are_refused(load):
    with pytest.raises(CourseError, match="have one number"):
        load(ch01_a=chapter(record()), ch01_b=chapter(record(name="'Probe'")))


def test_other_folders_are_no_chapters_and_a_chapter_without_records_is_said(load, tmp_path):
    (tmp_path / "chapters/figures").mkdir(parents=True)
    (tmp_path / "chapters/ch1_short").mkdir()
    assert not load(ch01_a=chapter()).chapters[0].exercises
    (tmp_path / "chapters/ch02_empty").mkdir()
    with pytest.raises(CourseError, match=r"chapters/ch02_empty/exercises.toml is missing"):
        load_catalog.__globals__["_load"].__wrapped__(tmp_path)


@pytest.fixture
def two(load):
    return load(
        ch01_transformers=chapter(record(), record(name="'causal_mask'"), record(name="'MLP'")),
        ch02_probes=chapter(record(name="'Probe'")),
    )


@pytest.mark.parametrize("text", ["LayerNorm", "layer_norm", " LayerNorm "])
def test_an_exercise_is_found_by_name_and_slug(two, text):
    assert two.find(text).name == "LayerNorm"
    assert two.find_chapter(text).key == "ch01_transformers"


@pytest.mark.parametrize(
    "text",
    [
        "ch01_transformers",
        "ch01",
        "01",
        "1",
        "transformers",
        "chapters/ch01_transformers/",
        "chapters/ch01_transformers/ch01_transformers.py",
        "ch01_transformers.ipynb",
    ],
)
def test_a_chapter_is_found_by_all_its_names(two, text):
    assert two.find(text) is two.chapters[0]


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("LayerNrom", "LayerNorm"),
        ("layernorm", "LayerNorm"),
        ("causalmask", "causal_mask"),
        ("CausalMask2", "causal_mask"),
        ("mpl", "MLP"),
        ("ch01_transfomers", "ch01_transformers"),
    ],
)
def test_the_nearest_names_are_told(two, text, nearest):
    with pytest.raises(UnknownName) as caught:
        two.find(text)
    assert str(caught.value).startswith(f"No exercise or chapter is called {text!r}. Nearest: {nearest}")


@pytest.mark.parametrize("text", ["", "zzzzzz", "3", "ch03", "../..", "\x1b[31m", "x" * 5000])
def test_nothing_near(two, text):
    with pytest.raises(UnknownName, match="`course list` shows them all"):
        two.find(text)


def test_an_exercise_was_wanted_and_a_chapter_was_named(two):
    with pytest.raises(
        UnknownName, match=r"ch01_transformers is a chapter: name one of its exercises \(`course list ch01`\)"
    ):
        two.find_exercise("1")


def test_every_path_follows_from_a_name(two, tmp_path):
    part = two.chapters[0]
    paths = [part.script, part.notebook, part.records, part.solution, part.check_file(part.exercises[2])]
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "chapters/ch01_transformers/ch01_transformers.py",
        "chapters/ch01_transformers/ch01_transformers.ipynb",
        "chapters/ch01_transformers/exercises.toml",
        "solutions/ch01_transformers.py",
        "tests/ch01_transformers/test_mlp.py",
    ]


def test_a_root_without_chapters(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
    with pytest.raises(CourseError, match=r"There is no chapters/ folder in .*GLASSBOX_ROOT"):
        course_root()


def test_the_courses_own_records_are_sound():
    catalog = load_catalog()
    assert list(catalog.exercises)
    for exercise in catalog.exercises:
        assert catalog.find(exercise.slug) is exercise
        assert catalog.chapter_of(exercise).key == exercise.chapter
