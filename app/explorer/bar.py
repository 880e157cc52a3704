"""What all explorer pages share: the head with its choices, the code of a result, the ways to the other pages."""

from collections.abc import Sequence

import streamlit as st

from app.explorer import pages
from app.explorer.examples import example_of, examples_for
from app.explorer.links import TRAINING, draw_links
from app.explorer.tables import draw_style, positions
from app.explorer.view import View, look, show_example
from app.links import address_of_specimen, draw_html, link
from app.pages import Site
from course_utils.catalog import CourseError
from course_utils.explore.prompt import Prompt, read_prompt
from course_utils.model import HookedTransformer
from course_utils.specimens import files

_GUESSED = "the likeliest"
_SPECIMEN = "A specimen is a small model that was trained for this course, on a made-up English of 1,200 words or so:"


def draw_head(site: Site, url_path: str, about: str, fields: Sequence[str] = ()) -> View:
    """The page's title, what one sees on it, and the choices: specimen, prompt, and those of `fields`.

    Raises CourseError when no specimen's weights are here.
    """
    title = next(page.title for page in pages() if page.url_path == url_path)
    st.title(title, anchor=False)
    st.set_page_config(page_title=f"{title} · Look inside · Glassbox", layout="centered")
    draw_style()
    st.markdown(about)
    specimens = files.shipped()
    if not specimens:
        raise CourseError("No specimen's weights are here: get the course again, or train one (`course specimens`).")
    view = look(specimens, url_path)
    card = link(address_of_specimen(view["specimen"]), "this one's card")
    draw_html(f'<p class="gb-facts">{_SPECIMEN} {card}.</p>')
    with st.container(border=True, key="explorer-bar"):
        _draw_choices(site, view, specimens)
        view.text("prompt", "Prompt")
        if "other" in fields:
            view.text("other", "Second prompt")
        if "answer" in fields:
            left, right = st.columns(2)
            with left:
                view.text("answer", "Right word", placeholder=_GUESSED)
            with right:
                view.text("rival", "Wrong word", placeholder=_GUESSED)
        _draw_links(site, url_path, view)
    return view


def _draw_choices(site: Site, view: View, specimens: list[str]) -> None:
    left, right = st.columns(2)
    with left:
        view.choice("specimen", "Specimen", specimens, view["specimen"])
    examples = examples_for(view["specimen"])
    shown = example_of(view["specimen"], view["prompt"])
    by_title = {example.title: example for example in examples}
    drawn = shown.title if shown else None
    key, choose = view.joined("example", drawn, lambda title: show_example(by_title[title]), tuple(by_title))
    with right:
        st.selectbox(
            "Example",
            list(by_title),
            index=examples.index(shown) if shown else None,
            placeholder="your own prompt",
            key=key,
            on_change=choose,
        )
    if shown:
        st.caption(shown.see)
    if steps := files.steps_of(view["specimen"]):
        _draw_steps(site, view, steps)


def _draw_steps(site: Site, view: View, steps: list[int]) -> None:
    """The checkpoints from the middle of the training; "" is its end."""
    options = [*map(str, steps), ""]
    step = view.model[1]
    view.choice(
        "step",
        "Checkpoint",
        options,
        "" if step is None else str(step),
        format_func=lambda text: f"after {text} steps of training" if text else "after all of its training",
    )
    if step is not None:
        draw_links(site, TRAINING)


def _draw_links(site: Site, url_path: str, view: View) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="explorer-links"):
        here = site.explorer.get(url_path)
        if here is not None:
            st.page_link(here, label="Link to this view", icon=":material/link:", query_params=view.address)
        for page in pages():
            if page.url_path != url_path and page.url_path in site.explorer:
                there = site.explorer[page.url_path]
                st.page_link(there, label=page.title, icon=page.icon, query_params=view.address)


def read_named(model: HookedTransformer, text: str, name: str) -> Prompt:
    """A prompt of the page. Raises CourseError that says which of them it is about."""
    try:
        return read_prompt(model, text)
    except CourseError as error:
        raise CourseError(f"{name}: {error}") from None


def choose_position(view: View, prompt: Prompt, position: int) -> None:
    """The list of the prompt's tokens, after one of which the page looks."""
    names = positions(prompt)
    options = [str(i) for i in range(len(names))]
    view.choice("position", "After which token?", options, str(position), format_func=lambda text: names[int(text)])


def draw_code(name: str, program: str) -> None:
    """The program that computes what is shown above it, in a fold with a name of its own."""
    with st.expander("Copy as code", icon=":material/code:", key=f"fold-code-{name}"):
        st.code(program, language="python")
