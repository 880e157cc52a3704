"""The explorer's pages without a browser: what they say, what their widgets change, and their errors in place."""

import doctest
import importlib
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))  # as main.py does: app is no installed package

from app.explorer import attention_frame, models, pages  # noqa: E402
from app.explorer.examples import examples_for, first_look  # noqa: E402
from app.explorer.links import EVERY  # noqa: E402
from app.sections import sections_of  # noqa: E402
from course_utils.catalog import load_catalog  # noqa: E402
from course_utils.explore import ablation, attention, patching  # noqa: E402
from course_utils.explore.ablation import Filling, Part  # noqa: E402
from course_utils.explore.prompt import read_prompt  # noqa: E402
from course_utils.explore.question import ask  # noqa: E402
from course_utils.specimens import files  # noqa: E402

GIVING = "When Ada and Boris went to the market, Boris gave a lamp to"


def script(url_path):
    """One page of the explorer on a site that has the course's chapters."""
    from types import SimpleNamespace

    import streamlit as st

    from app.explorer import pages
    from course_utils.catalog import load_catalog

    def blank(path):
        return st.Page(lambda: None, title=path, url_path=path)

    catalog = load_catalog()
    chapters = {chapter.key: blank(chapter.key) for chapter in catalog.chapters}
    site = SimpleNamespace(
        catalog=catalog, chapters=chapters, explorer={page.url_path: blank(page.url_path) for page in pages()}
    )
    st.navigation([*chapters.values(), *site.explorer.values()])
    opened = st.session_state.get("opened", url_path)
    next(page for page in pages() if page.url_path == opened).draw(site)


def visit(url_path, **address):
    page = AppTest.from_function(script, args=(url_path,), default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    return drawn(page.run())


def drawn(page):
    assert not page.exception
    return page


def field(page, name):
    """The widget of a field, whatever the number of times that it was made anew."""
    widgets = [*page.text_input, *page.selectbox, *page.radio]
    return next(one for one in widgets if one.key.split(".")[2] == name)


def shown(page):
    """All text on the page, that of tables included."""
    elements = [*page.markdown, *page.caption, *page.code, *page.get("html"), *page.metric]
    return "\n".join(str(getattr(one, "value", "") or one.proto) for one in elements)


def errors(page):
    return [error.value.replace("\\", "") for error in page.error]


def address(page):
    return {name: value[0] if isinstance(value, list) else value for name, value in page.query_params.items()}


@pytest.mark.parametrize("page", [page.url_path for page in pages()])
@pytest.mark.parametrize("specimen", files.shipped())
def test_every_page_is_drawn_for_every_specimen(page, specimen):
    found = visit(page, specimen=specimen)
    assert errors(found) == []
    assert len(found.title) == 1 and "load_specimen" in shown(found)
    assert field(found, "prompt").value == examples_for(specimen)[0].prompt


def test_the_address_decides_and_follows():
    page = visit("prompt", specimen="attn-only-4l", prompt=GIVING, layer="3", position="4")
    assert field(page, "specimen").value == "attn-only-4l"
    assert field(page, "layer").value == "3"
    assert "after 4 · Boris" in shown(page)
    drawn(field(page, "prompt").set_value("Ada met Boris").run())
    assert address(page)["prompt"] == "Ada met Boris" and address(page)["specimen"] == "attn-only-4l"
    assert "position" not in address(page)  # it belonged to the other prompt
    assert "after 3 · Boris" in shown(page)


@pytest.mark.parametrize(
    "address",
    [
        {"specimen": "gpt-5"},
        {
            "specimen": "attn-only-2l",
            "layer": "-1",
            "head": "99",
            "position": "x",
            "map": "?",
            "fill": "?",
            "off": ",,9.9",
            "step": "7",
        },
        {"specimen": "../weights", "off": "mlp1", "layer": "9" * 40},
    ],
)
@pytest.mark.parametrize("page", [page.url_path for page in pages()])
def test_nonsense_in_the_address_falls_back(page, address):
    assert errors(visit(page, **address)) == []


def test_after_every_switch_of_pages_the_widgets_show_what_the_address_says():
    wanted = {"specimen": "attn-only-2l", "prompt": "Ada met Boris", "answer": "kite", "step": "500", "position": "1"}
    page = visit("prompt", **wanted)
    for name in [
        "attribution",
        "patching",
        "ablation",
        "prompt",
        "patching",
        "attribution",
        "prompt",
        "ablation",
        "attribution",
    ]:
        page.session_state["opened"] = name
        drawn(page.run())
        shown_here = {one.key.split(".")[2]: one.value for one in [*page.text_input, *page.selectbox, *page.radio]}
        assert {field: shown_here[field] for field in wanted if field in shown_here} == {
            field: value for field, value in wanted.items() if field in shown_here
        }, name
        assert {"specimen", "prompt", "step"} <= set(shown_here)


def test_an_emptied_prompt_and_an_unknown_specimen_are_told():
    page = visit("prompt", specimen="gpt-5")
    assert "There is no specimen “gpt" in page.info[0].value.replace("\\", "")
    drawn(field(page, "prompt").set_value("").run())
    assert "The prompt is empty" in errors(page)[0] and address(page)["prompt"] == ""


def test_shares_that_mean_little_are_said_to():
    little = visit("patching", specimen="attn-only-4l", prompt="Ada met a drum", other="Ada met a lamp", answer="")
    assert "mean little" in little.warning[0].value
    assert not visit("patching", specimen="attn-only-4l").warning


def test_another_specimen_brings_an_example_of_its_own():
    page = visit("attribution", specimen="attn-only-4l")
    drawn(field(page, "specimen").set_value("attn-only-2l").run())
    assert field(page, "prompt").value == examples_for("attn-only-2l")[0].prompt
    drawn(field(page, "prompt").set_value("Ada met Boris").run())
    drawn(field(page, "specimen").set_value("microworld-4l").run())
    assert field(page, "prompt").value == "Ada met Boris"  # one's own stays


def test_an_example_sets_prompts_and_words():
    page = visit("patching", specimen="microworld-4l")
    capital = examples_for("microworld-4l")[1]
    box = next(box for box in page.selectbox if box.label == "Example")
    drawn(box.set_value(capital.title).run())
    assert field(page, "other").value == capital.other
    assert field(page, "answer").value == capital.answer
    assert address(page)["prompt"] == capital.prompt


def test_what_was_typed_is_shown_as_it_is():
    typed = '<img src=x onerror="alert(1)"> $x$ **b**'
    page = visit("prompt", prompt=typed)
    assert errors(page) == []
    tables = "".join(str(one.proto) for one in page.get("html"))
    assert "<img" not in tables and "&lt;" in tables
    page = visit("attribution", answer="<b>$x$</b>")
    assert "<b>$x$</b>" in errors(page)[0] and "\\<b\\>\\$x\\$" in page.error[0].value


@pytest.mark.parametrize(
    ("page", "address", "sentence"),
    [
        ("prompt", {"prompt": "lamp " * 70}, "Prompt: The prompt has more than 64 tokens"),
        ("prompt", {"prompt": " "}, "Prompt: The prompt is empty"),
        ("attribution", {"answer": "zebra"}, "“zebra” is 6 tokens here"),
        ("attribution", {"answer": "kite", "rival": "kite"}, "two different tokens"),
        ("patching", {"other": "Ada gave a lamp to"}, "12 and 6 tokens"),
        ("patching", {"prompt": GIVING, "other": GIVING}, "are the same"),
        ("patching", {"prompt": GIVING, "other": ""}, "Second prompt: The prompt is empty"),
        ("ablation", {"prompt": GIVING, "other": "Ada", "off": "1.1", "fill": "resample"}, "15 and 2 tokens"),
    ],
)
def test_an_impossible_choice_is_one_sentence_in_place(page, address, sentence):
    found = visit(page, specimen="attn-only-2l", **{"prompt": examples_for("attn-only-2l")[0].prompt, **address})
    assert len(errors(found)) == 1 and re.search(sentence, errors(found)[0])
    assert field(found, "prompt")  # the choices are still there to be mended


def test_the_account_of_attribution_adds_up():
    text = shown(visit("attribution", specimen="microworld-4l"))
    numbers = re.findall(r"(?:sum of all parts|the model&#x27;s own lead)</th><td[^>]*>([+−][\d.]+)", text)
    assert len(numbers) == 2 and numbers[0] == numbers[1]


def test_a_switch_changes_the_numbers_and_the_address():
    page = visit("ablation", specimen="attn-only-4l", fill="resample")
    before = page.metric[0].value
    drawn(page.get("button_group")[1].set_value(["1.1", "1.4"]).run())
    assert address(page)["off"] == "1.1,1.4"
    assert page.metric[0].value != before and page.metric[0].delta.startswith("−")
    drawn(next(b for b in page.button if "everything on" in b.label).click().run())
    assert page.metric[0].value == before and "off" not in address(page)


def test_without_circuitsvis_the_table_stands_in_its_place(monkeypatch):
    drawing = visit("prompt").get("component_instance")
    assert len(drawing) == 1
    monkeypatch.setattr(attention_frame, "_SCRIPT", None)
    page = visit("prompt")
    assert errors(page) == [] and not page.get("component_instance")
    assert "where each token looks most" in shown(page) and "install CircuitsVis" in shown(page)


def test_a_checkpoint_from_before_the_phase_change_has_no_induction():
    page = visit("prompt", specimen="attn-only-2l")
    assert "look at “kite”" in shown(page)
    drawn(field(page, "step").set_value("500").run())
    assert address(page)["step"] == "500" and "step=500" in shown(page)
    assert "look at “kite”" not in shown(page)
    trained, early = (visit("attribution", step=step).metric[0].value for step in ("", "500"))
    number = lambda text: float(text.split()[0].replace("−", "-"))  # noqa: E731
    assert number(trained) > 5 > number(early)
    drawn(field(page, "specimen").set_value("microworld-4l").run())
    assert "step" not in address(page)


def test_the_exchange_of_prompts():
    page = visit("patching", specimen="attn-only-4l")
    one, two = (field(page, name).value for name in ("prompt", "other"))
    drawn(next(b for b in page.button if "Exchange" in b.label).click().run())
    assert (field(page, "prompt").value, field(page, "other").value) == (two, one)
    assert "+1.00" in shown(page)


@pytest.mark.parametrize("kind", ["stream", "attention", "heads"])
def test_the_map_names_what_is_patched(kind):
    assert "Patched: " in shown(visit("patching", specimen="attn-only-4l", map=kind))


@pytest.mark.parametrize("specimen", files.shipped())
def test_examples_show_what_they_promise(specimen):
    with models.opened(specimen) as model:
        for example in examples_for(specimen):
            prompt, other = read_prompt(model, example.prompt), read_prompt(model, example.other)
            patching.check_pair(other, prompt)
            question = ask(model, prompt, example.answer, example.rival)
            logits = model(prompt.batch(model))[0, -1]
            assert logits.argmax() == question.answer.id, example.title
            assert question.lead(logits) - question.lead(model(other.batch(model))[0, -1]) > 2, example.title
            layer, head = first_look(specimen, example.prompt)
            assert layer < model.cfg.n_layers and head < model.cfg.n_heads
            for heads, word in example.looks:
                for layer, head in (map(int, name.split(".")) for name in heads.split(", ")):
                    looked = attention.attention(model, prompt, layer)[head, -1].argmax().item()
                    assert prompt.labels[looked] == word, (example.title, layer, head)


def test_links_lead_to_sections_that_there_are():
    catalog = load_catalog()
    for one in EVERY:
        sections = {section.slug: section.title for section in sections_of(catalog.find_chapter(one.chapter))}
        assert sections.get(one.section) == one.label


def test_two_readers_at_a_time_don_t_see_each_other_s_hooks():
    with models.opened("attn-only-2l") as model:
        prompt = read_prompt(model, GIVING)
        parts = [Part(0, 0), Part(1, 0)]
        plain = model(prompt.batch(model))[0, -1]
        cut = ablation.ablate(model, prompt, parts, Filling.ZERO, 14).after
    wrong = []

    def read():
        for _ in range(20):
            with models.opened("attn-only-2l") as model:
                wrong.append((model(prompt.batch(model))[0, -1] - plain).abs().max().item() > 1e-3)

    def cutting():
        for _ in range(20):
            with models.opened("attn-only-2l") as model:
                after = ablation.ablate(model, prompt, parts, Filling.ZERO, 14).after
                wrong.append((after - cut).abs().max().item() > 1e-3)

    threads = [threading.Thread(target=work) for work in (read, cutting, read, cutting)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [False] * 80


PROGRAM = """
import importlib.util, sys
sys.path.insert(0, sys.argv[2])
from app.explorer import pages
listed = pages()
assert "torch" not in sys.modules and "app.explorer.bar" not in sys.modules
place = importlib.util.spec_from_file_location("tried", sys.argv[1])
tried = importlib.util.module_from_spec(place)
place.loader.exec_module(tried)
for page in listed:
    tried.visit(page.url_path)
assert "torch" in sys.modules
heavy = {"transformer_lens", "sae_lens", "transformers", "circuitsvis"} & set(sys.modules)
sys.exit(" ".join(sorted(heavy)) or 0)
"""


def test_the_list_of_pages_is_light_and_drawing_them_loads_no_library_of_models():
    command = [sys.executable, "-c", PROGRAM, __file__, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("name", ["examples", "tables"])
def test_examples_in_docstrings(name):
    found = doctest.testmod(importlib.import_module(f"app.explorer.{name}"))
    assert found.attempted and not found.failed
