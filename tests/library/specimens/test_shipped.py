"""What ships: facts within their bounds, cards that belong to their weights, sizes, and the page about them."""

import tomllib
from pathlib import Path

import pytest

from course_utils import load_specimen
from course_utils.catalog import CourseError
from course_utils.data.microworld.tokenizer import microworld_tokenizer
from course_utils.specimens import files, readme
from course_utils.specimens.card import digest
from course_utils.specimens.facts import facts_of, induction, ioi_circuit, microworld_4l_circuit
from course_utils.specimens.overview import megabytes
from course_utils.specimens.ship import FILES, parameter_count
from course_utils.specimens.verify import Measured, card_in

SHIPPED = files.shipped()
ROOT = Path(__file__).resolve().parents[3]
FACTS = [pytest.param(name, fact, id=f"{name}-{fact.name}") for name in SHIPPED for fact in facts_of(name)]


@pytest.fixture(scope="module")
def model():
    """`model(name)`: loaded once for all its facts, which change nothing."""
    loaded = {}

    def load(name):
        if name not in loaded:
            loaded[name] = load_specimen(name)
        return loaded[name]

    return load


@pytest.mark.parametrize(("name", "fact"), FACTS)
def test_a_fact_is_within_its_bounds_and_as_its_card_says(name, fact, model):
    card = card_in(name, files.folder_of(name))
    measured = Measured(fact, float(fact.measure(model(name))), card.facts.get(fact.name))
    assert measured.holds, f"{fact.says}: {measured.value}"
    assert measured.near, f"{fact.says}: {measured.value}, and {measured.card} on the card"


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_belongs_to_the_weights_and_the_recipe(name):
    recipe, folder = files.recipe_of(name), files.folder_of(name)
    card = card_in(name, folder)
    assert card.weights == digest(folder)
    assert card == card.with_words_of(recipe)
    assert (card.steps, card.tokens, card.seed) == (recipe.steps, recipe.tokens, recipe.seed)
    assert card.parameters == parameter_count(recipe)
    assert list(card.facts) == [fact.name for fact in facts_of(name)] != []


def test_notes_name_the_heads_that_are_found(model):
    """Facts find heads anew by what they do; the words on the cards name them."""
    two, four = model("attn-only-2l"), model("attn-only-4l")
    assert induction.previous_heads(two) == [(0, 0)]
    assert set(induction.induction_heads(two)) == {(1, 0), (1, 2), (1, 4)}
    assert ioi_circuit.name_heads(four) == [(0, 3)]
    assert ioi_circuit.avoiders(four) == [(1, 1), (1, 4)]
    assert set(ioi_circuit.movers(four)) == {(3, 0), (3, 1)}
    whole = model("microworld-4l")
    assert microworld_4l_circuit.avoiders(whole) == [(1, 1)]
    assert microworld_4l_circuit.movers(whole) == [(2, 2), (2, 4), (2, 7)]
    assert microworld_4l_circuit.late_avoiders(whole) == [(3, 0)]


@pytest.mark.parametrize("name", [name for name in SHIPPED if files.recipe_of(name).note])
def test_notes_speak_of_facts_that_there_are(name):
    recipe = files.recipe_of(name)
    named = {word.strip("().,;:") for word in (recipe.note + " " + recipe.tried).split() if "(" in word or "-" in word}
    told = {word for word in named if word.startswith(("ioi-", "induction-", "phase-", "k-composition"))}
    assert told
    assert told <= {fact.name for fact in facts_of(name)}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_tokenizer_is_that_of_the_microworld(name, tmp_path):
    microworld_tokenizer().save(tmp_path)
    for path in tmp_path.iterdir():
        assert (files.folder_of(name) / path.name).read_bytes() == path.read_bytes(), path.name


def test_what_ships_is_small_and_nothing_else_lies_there():
    assert megabytes(files.WEIGHTS) < 60
    for folder in files.WEIGHTS.iterdir():
        assert folder.name in files.names()
        assert {path.name for path in folder.iterdir()} <= FILES


def test_weights_and_cards_travel_with_the_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    package = ROOT / "course_utils"
    carried = {path for glob in settings["package-data"]["course_utils"] for path in package.glob(glob)}
    assert {path for path in files.WEIGHTS.rglob("*") if path.is_file()} <= carried
    assert readme.README in carried


def test_the_page_is_what_cards_and_generators_give():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.generated(text) == text, "run `course specimens table --write`"


def test_a_page_without_markers_is_left_alone(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("no markers")
    with pytest.raises(CourseError, match="must hold the pair of markers of its samples once"):
        readme.write(page)
    assert page.read_text() == "no markers"


def test_writing_the_page_twice_changes_it_once(tmp_path):
    page = tmp_path / "README.md"
    text = readme.README.read_text(encoding="utf-8")
    begin, end = text.index("made by `course specimens table --write` -->"), text.index("<!-- end of samples -->")
    page.write_text(f"{text[: begin + 44]}\n{text[end:]}", encoding="utf-8")
    assert readme.write(page)
    assert not readme.write(page)
    assert page.read_text(encoding="utf-8") == readme.generated(text)
